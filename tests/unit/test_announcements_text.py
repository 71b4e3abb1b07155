"""What people are told: the texts, their placeholders, the company and the keys."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.announcements import shipped
from callguard.announcements.text import LANGUAGES, NAMES, Keys, Prompt, Wording, prompts
from callguard.errors import ConfigError

WHOLE = "Aici {company}: da {accept_key}, nu {refuse_key}."


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for language in LANGUAGES:
        (tmp_path / language).mkdir()
        for name in NAMES:
            (tmp_path / language / f"{name}.txt").write_text(WHOLE, encoding="utf-8")
    return tmp_path


def text(finished: tuple[Prompt, ...], language: str, name: str) -> str:
    return next(one.text for one in finished if (one.language, one.name) == (language, name))


def refusal(sources: Path, wording: Wording | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        prompts(sources, wording or Wording())
    assert caught.value.exit_status == 2
    return str(caught.value)


def test_the_inbound_notice_says_who_records_why_and_that_going_on_is_consent() -> None:
    """S1: before the call is connected, the welcome message says that it is recorded and that going on is consent."""
    finished = prompts(shipped.sources(), Wording(company="SMART ECO PLUS"))
    romanian = text(finished, "ro", "inbound-notice")
    english = text(finished, "en", "inbound-notice")
    for said in ("SMART ECO PLUS", "se înregistrează", "calitatea serviciilor", "dovadă", "Continuarea înseamnă acord", "tasta 9"):
        assert said in romanian
    for said in ("SMART ECO PLUS", "record", "service quality", "proof of what is agreed", "going on you consent", "press 9"):
        assert said in english


def test_the_outbound_prompt_asks_for_consent_by_key() -> None:
    """S2: the callee is told of the recording and asked to express consent."""
    finished = prompts(shipped.sources(), Wording(company="Caro Network"))
    assert "Vă sună Caro Network." in text(finished, "ro", "outbound-opt-in")
    assert "Pentru acord apăsați 1, pentru refuz 2." in text(finished, "ro", "outbound-opt-in")
    assert "If you consent, press 1; if not, press 2." in text(finished, "en", "outbound-opt-in")


def test_romanian_is_written_with_comma_below_not_with_the_turkish_cedilla() -> None:
    for one in prompts(shipped.sources(), Wording()):
        assert not set(one.text) & set("şţŞŢ"), one
        assert unicodedata.is_normalized("NFC", one.text)
    spoken = "".join(one.text for one in prompts(shipped.sources(), Wording()) if one.language == "ro")
    assert set("ăîșț") <= set(spoken)


def test_without_a_company_each_language_has_a_neutral_one(sources: Path) -> None:
    finished = prompts(sources, Wording())
    assert text(finished, "ro", "refused") == "Aici compania noastră: da 1, nu 2."
    assert text(finished, "en", "inbound-notice") == "Aici our company: da 1, nu 9."


def test_each_direction_has_its_own_keys_and_a_prompt_knows_which_it_tells(sources: Path) -> None:
    (sources / "ro" / "inbound-notice.txt").write_text("{company} {refuse_key}", encoding="utf-8")
    finished = {(one.language, one.name): one for one in prompts(sources, Wording(inbound=Keys("5", "6"), outbound=Keys("7", "8")))}
    notice, asked = finished["ro", "inbound-notice"], finished["ro", "outbound-opt-in"]
    assert (notice.accept_key, notice.refuse_key) == (None, "6")
    assert (asked.accept_key, asked.refuse_key) == ("7", "8")


def test_star_and_hash_are_said_by_their_telephone_names(sources: Path) -> None:
    finished = prompts(sources, Wording(inbound=Keys("*", "#")))
    assert "da steluță, nu diez" in text(finished, "ro", "inbound-opt-in")
    assert "da star, nu hash" in text(finished, "en", "inbound-opt-in")
    assert finished[0].accept_key == "*"


def test_line_breaks_and_a_byte_order_mark_are_not_part_of_the_text(sources: Path) -> None:
    (sources / "ro" / "refused.txt").write_bytes(b"\xef\xbb\xbfAm \r\n\r\n\t\xc3\xaen\xc8\x9beles.\n")
    assert text(prompts(sources, Wording()), "ro", "refused") == "Am înțeles."


def test_the_same_letters_in_decomposed_form_are_the_same_text(sources: Path) -> None:
    """Else a file saved on another system would be a new version with nothing changed."""
    (sources / "ro" / "refused.txt").write_text(unicodedata.normalize("NFD", "Înțeles, {company}"), encoding="utf-8")
    composed = text(prompts(sources, Wording(company=unicodedata.normalize("NFD", "Știință SRL"))), "ro", "refused")
    assert composed == "Înțeles, Știință SRL"


@given(st.text(min_size=1, max_size=80).filter(lambda company: company.strip() and company.isprintable()))
def test_any_printable_company_is_said_as_it_is_written(company: str) -> None:
    """Braces, quotes and percent signs in a name are letters of it."""
    finished = prompts(shipped.sources(), Wording(company=company))
    assert " ".join(unicodedata.normalize("NFC", company).split()) in text(finished, "en", "outbound-notice")


@pytest.mark.parametrize("company", ["", "   ", "a" * 81, "two\nlines", "bell\x07"])
def test_a_company_that_cannot_be_spoken_is_refused(sources: Path, company: str) -> None:
    assert "company: the company's name" in refusal(sources, Wording(company=company))


@pytest.mark.parametrize("key", ["", "12", "A", "٣", "9\n"])
def test_what_is_no_telephone_key_is_refused(sources: Path, key: str) -> None:
    assert "inbound accept key" in refusal(sources, Wording(inbound=Keys(key, "2")))
    assert "outbound refuse key" in refusal(sources, Wording(outbound=Keys("2", key)))


def test_one_key_cannot_accept_and_refuse(sources: Path) -> None:
    assert "outbound keys: the same key accepts and refuses" in refusal(sources, Wording(outbound=Keys("3", "3")))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Tasta {refuse_kay}, {company}", "unknown placeholder {refuse_kay}"),
        (b"{company!r}", "unknown placeholder {company}"),
        (b"{company:>9}", "unknown placeholder {company}"),
        (b"{company.__class__}", "unknown placeholder {company.__class__}"),
        (b"{}", "unknown placeholder {}"),
        (b"{company", "a brace stands alone"),
        (b"company}", "a brace stands alone"),
        (b" \n ", "empty"),
        ("înregistrează {company}".encode("iso8859-16"), "not UTF-8"),
        ("{company}".encode("utf-16"), "not UTF-8"),
    ],
)
def test_a_broken_text_file_is_named_with_its_remedy(sources: Path, content: bytes, said: str) -> None:
    path = sources / "ro" / "inbound-notice.txt"
    path.write_bytes(content)
    message = refusal(sources)
    assert message.startswith(f"{path}: {said}")
    assert message.endswith(")")


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("inbound-notice", "Se înregistrează.", "{company}"),
        ("inbound-opt-out", "{company}", "{refuse_key}"),
        ("inbound-opt-in", "{company}, apăsați 1", "{accept_key}"),
        ("outbound-opt-in", "{company}", "{accept_key}, {refuse_key}"),
    ],
)
def test_a_text_that_does_not_tell_who_or_which_key_is_refused(sources: Path, name: str, content: str, wanted: str) -> None:
    """A key that nobody was told of proves no consent (S2); a notice without a name tells nobody who records (S1)."""
    (sources / "ro" / f"{name}.txt").write_text(content, encoding="utf-8")
    assert f"{name}.txt: the text does not say all that it must (write {wanted} into it)" in refusal(sources)


def test_a_missing_text_is_named(sources: Path) -> None:
    path = sources / "en" / "thank-you.txt"
    path.rename(sources / "thank-you.txt")
    assert f"{path}: cannot be read: No such file or directory" in refusal(sources)


@pytest.mark.parametrize("stray", ["inbound_notice.txt", "inbound-notice.mp3", "thankyou.wav"])
def test_a_misspelt_file_is_not_passed_over(sources: Path, stray: str) -> None:
    """Else the operator would believe that the new prompt is played."""
    (sources / "ro" / stray).write_text("x")
    assert f"{sources / 'ro' / stray}: no announcement has this name" in refusal(sources)


def test_a_reading_by_a_person_beside_its_text_is_no_stray(sources: Path) -> None:
    (sources / "ro" / "refused.wav").write_bytes(b"")
    (sources / "built").mkdir()
    (sources / "built" / "catalogue.json").write_text("{}")
    assert prompts(sources, Wording())


def test_all_faults_are_told_at_once(sources: Path) -> None:
    (sources / "ro" / "refused.txt").write_text("{x}")
    (sources / "en" / "refused.txt").write_text("")
    (sources / "en" / "odd.txt").write_text("")
    with pytest.raises(ConfigError) as caught:
        prompts(sources, Wording(company="", inbound=Keys("x", "y")))
    assert len(caught.value.faults) == 6
    assert all(fault.remedy and fault.place for fault in caught.value.faults)


def test_the_texts_are_found_in_a_checkout_and_in_an_installed_wheel(tmp_path: Path) -> None:
    package = tmp_path / "callguard"
    assert shipped.sources(package) == tmp_path / "sounds"
    (package / "share" / "sounds").mkdir(parents=True)
    assert shipped.sources(package) == package / "share" / "sounds"
    assert shipped.built(package) == package / "share" / "sounds" / "built"
