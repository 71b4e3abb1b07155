"""The CDR that a PBX exports is read whole or refused whole, with the lines that are wrong (issue 4, import and bad input)."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from callguard.adoption.call_list import CallList, ListedCall, read_call_list
from callguard.call.state import Direction
from callguard.errors import UsageError

HERE = ZoneInfo("Europe/Bucharest")
AT = datetime(2024, 1, 31, 14, 30, 15, tzinfo=UTC)
UNIQUE = "1706711415.123"
UUID = "9b2c2e4a-0d5c-4a52-8e70-1f6a3e8d2b11"

MASTER = (
    '"","0722000111","600","from-trunk","""Ana"" <0722000111>","PJSIP/t-1","PJSIP/200-2","Queue","600,t",'
    '"2024-01-31 16:30:15","2024-01-31 16:30:20","2024-01-31 16:31:15",60,55,"ANSWERED","DOCUMENTATION","pbx1-1706711415.123",""\n'
)
FREEPBX = (
    "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,billsec,disposition,amaflags,accountcode,uniqueid,userfield,"
    "did,cnum,cnam,outbound_cnum,outbound_cnam,dst_cnam,recordingfile,linkedid,peeraccount,sequence\n"
)
ROW = (
    '"2024-01-31 16:30:15","""Ana"" <0722000111>","0722000111","{dst}","c","PJSIP/t-1","","Queue","","{length}","{billed}","ANSWERED","3",'
    '"","{unique}","","{did}","","","","","","{file}","{unique}","","1"\n'
)
FUSION = (
    '"xml_cdr_uuid","direction","caller_id_number","caller_destination","destination_number","start_stamp",{epoch}'
    '"duration","billsec","record_name"\n'
)


def freepbx(dst: str = "600", length: int = 60, billed: int = 55, **more: str) -> str:
    return ROW.format(**{"dst": dst, "length": length, "billed": billed, "unique": UNIQUE, "did": "0213334444", "file": "", **more})


def read(folder: Path, content: str | bytes) -> CallList:
    file = folder / "cdr.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_call_list(file, HERE)


def faults(folder: Path, content: str | bytes) -> list[str]:
    with pytest.raises(UsageError) as refused:
        read(folder, content)
    assert refused.value.exit_status == 2
    return [str(fault.place).removeprefix(f"{folder}/cdr.csv") + ": " + fault.message for fault in refused.value.faults]


def test_asterisks_own_file_has_no_heading(tmp_path: Path) -> None:
    """Columns of cdr-csv; the start is the id's, which needs no zone."""
    found = read(tmp_path, MASTER.replace("16:30:15", "02:00:00"))
    wanted = ListedCall(UNIQUE, AT, AT + timedelta(seconds=60), AT + timedelta(seconds=5), "0722000111", "600", None)
    assert found.find(UNIQUE, "any.wav") == wanted
    assert found.find(None, "any.wav") is None
    assert found.sha256 == sha256((tmp_path / "cdr.csv").read_bytes()).hexdigest()


def test_the_export_of_freepbx_is_found_by_id_and_by_the_name_of_the_file(tmp_path: Path) -> None:
    """The number dialled is the DID; several lines of one call are put together."""
    found = read(
        tmp_path,
        FREEPBX
        + freepbx(length=20, billed=0, file="/monitor/other.wav")
        + freepbx("200", length=90, billed=70)
        + freepbx(unique="1706711500.9", did=""),
    )
    call = found.find(UNIQUE, "")
    assert call == ListedCall(UNIQUE, AT, AT + timedelta(seconds=90), AT + timedelta(seconds=20), "0722000111", "0213334444", None)
    assert found.find(None, "other.wav") == call
    assert found.find("1706711415.124", "other.wav") == call
    assert found.find("1706711415.124", "third.wav") is None
    other = found.find("1706711500.9", "")
    assert other is not None
    assert (other.called, other.started_at - AT) == ("600", timedelta(seconds=85))


@pytest.mark.parametrize(
    ("epoch", "value", "started"), [("", "", AT), ('"start_epoch",', '"1706711416",', AT + timedelta(seconds=1))], ids=["local", "epoch"]
)
def test_the_export_of_fusionpbx_tells_the_direction(tmp_path: Path, epoch: str, value: str, started: datetime) -> None:
    row = f'"{UUID}","outbound","201","","0722000111","2024-01-31 16:30:15",{value}"60","","{UUID}.mp3"\n'
    found = read(tmp_path, FUSION.format(epoch=epoch) + row).find(UUID, "")
    assert found == ListedCall(UUID, started, started + timedelta(seconds=60), None, "201", "0722000111", Direction.OUTBOUND)


@pytest.mark.parametrize("written", ["2024-01-31 14:30:15+00", "2024-01-31 15:30:15.25+01:00", "2024-01-31T09:30:15-0500"])
def test_a_start_with_its_own_zone_needs_no_other(tmp_path: Path, written: str) -> None:
    """PostgreSQL writes it so."""
    found = read(tmp_path, FUSION.format(epoch="") + f'"{UUID}","inbound","1","","2","{written}","9","0","x.wav"\n').find(UUID, "")
    assert found is not None
    assert found.started_at.replace(microsecond=0) == AT


def test_a_call_of_two_lines_keeps_the_first_start(tmp_path: Path) -> None:
    """FusionPBX has a line for each leg, in no order."""
    rows = "".join(
        f'"{UUID}","inbound","{who}","","2","2024-01-31 16:{at}","9","0","x.wav"\n' for who, at in (("late", "31:00"), ("soon", "30:15"))
    )
    found = read(tmp_path, FUSION.format(epoch="") + rows).find(UUID, "")
    assert found is not None
    assert (found.caller, found.started_at, found.ended_at) == ("soon", AT, AT + timedelta(seconds=54))


def test_in_the_hour_that_comes_twice_the_later_one_is_meant(tmp_path: Path) -> None:
    """S8: never a second early."""
    found = read(tmp_path, FUSION.format(epoch="") + f'"{UUID}","inbound","1","","2","2026-10-25 03:30:00","9","0","x.wav"\n').find(
        UUID, ""
    )
    assert found is not None
    assert found.started_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "content",
    ["", "\n", "number,end\n0722000111,running\n", MASTER.replace(',"pbx1-1706711415.123",""', ""), "calldate,src\n", "uniqueid,src\n"],
    ids=["empty", "blank", "contracts", "without ids", "no id", "no start"],
)
def test_other_columns_are_refused(tmp_path: Path, content: str) -> None:
    assert faults(tmp_path, content) == [":1: has no columns by which a recording can be found"]


def test_all_lines_that_are_wrong_are_told_at_once(tmp_path: Path) -> None:
    """Half a line above all; and none of what the lines hold."""
    rows = [
        freepbx(),
        '"2024-01-31 16:30:15","x","0722',
    ]
    assert faults(tmp_path, FREEPBX + "".join(rows)) == [":3: is no CSV: unexpected end of data"]
    rows = [freepbx(), freepbx(unique=""), freepbx().replace(',"1"\n', "\n"), freepbx(unique="x"), freepbx().replace('"60"', '"1:00"')]
    assert faults(tmp_path, FREEPBX + "".join(rows)) == [
        ":3: has no unique id of a call",
        ":4: has 25 columns and not 26",
        ":5: has no unique id of a call",
        ":6: has a duration that is no number of seconds",
    ]


@pytest.mark.parametrize("start", ["", "31.01.2024", "2024-02-30 10:00:00", "2026-03-29 03:30:00"])
def test_a_line_without_a_start_is_wrong(tmp_path: Path, start: str) -> None:
    """The last is in the hour that was skipped."""
    told = faults(tmp_path, FUSION.format(epoch="") + f'"{UUID}","inbound","1","","2","{start}","9","0","x.wav"\n')
    assert told == [":2: has no start: write it as in 2024-01-31 14:30:15, by the clocks of Europe/Bucharest"]


def test_a_line_of_asterisk_that_was_cut_off_is_wrong(tmp_path: Path) -> None:
    assert faults(tmp_path, MASTER + MASTER[:20]) == [":2: is no CSV: unexpected end of data"]
    assert faults(tmp_path, MASTER + '"","0722000111","600"\n') == [":2: has 3 columns and not 18"]


@pytest.mark.parametrize("start", ["0001-01-01 00:00:00", "9999-12-31 23:59:59", "9999-12-31 23:59:59-05:00"])
def test_a_time_that_no_calendar_has_is_a_fault_of_its_line(tmp_path: Path, start: str) -> None:
    """What a PBX writes whose clock was never set must not end in a defect."""
    file = tmp_path / "cdr.csv"
    file.write_text(f"uniqueid,calldate,duration\n{UUID},{start},9999999\n", "utf-8")
    with pytest.raises(UsageError) as refused:
        read_call_list(file, HERE)
    assert [fault.place for fault in refused.value.faults] == [f"{file}:2"]
