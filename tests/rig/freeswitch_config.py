"""Writes the configuration of one private FreeSWITCH: `freeswitch_conf/freeswitch.xml` with its blanks filled in.

The file is real FreeSWITCH configuration with `@{name}` where a value differs from one instance to the next. The dialplans are copied as
they stand: their own `$${…}` and `${…}` must not be touched.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tests.rig.asterisk_config import PhoneLine

_TEMPLATE = Path(__file__).parent / "freeswitch_conf" / "freeswitch.xml"
_EMPTY = "<include/>\n"

# An outside phone is a gateway as well: that is how a FreeSWITCH reaches its provider.
_GATEWAY = """
<gateway name="{phone.name}">
  <param name="proxy" value="127.0.0.1:{phone.port}"/>
  <param name="register" value="false"/>
  <param name="username" value="{phone.name}"/>
  <param name="password" value="none"/>
  <param name="caller-id-in-from" value="true"/>
</gateway>"""
_ENTRANCE = """
<extension name="{phone.name}">
  <condition field="${{sip_h_X-Rig-Phone}}" expression="^{phone.name}$"/>
  <condition field="destination_number" expression="^([^ ]+)$">
    <action application="transfer" data="$1 XML {phone.context}"/>
  </condition>
</extension>"""
_ADDRESS = '<X-PRE-PROCESS cmd="set" data="phone_{phone.name}=127.0.0.1:{phone.port}"/>'


@dataclass(frozen=True, slots=True)
class Plans:
    """What the instance runs: callguard's own file, if any, and the dialplan and chatplan of the test."""

    callguard: Path | None
    extra: str
    messages: str


class _Blanks(Template):
    delimiter = "@"


def write_configuration(folder: Path, blanks: Mapping[str, str], phones: list[PhoneLine], plans: Plans) -> None:
    """Fill `folder` with a complete FreeSWITCH configuration.

    Raises:
        KeyError: the template asks for a blank that was not given.
    """
    filled = _Blanks(_TEMPLATE.read_text("utf-8")).substitute(
        blanks,
        phones="\n".join(_ADDRESS.format(phone=phone) for phone in phones),
        gateways="".join(_GATEWAY.format(phone=phone) for phone in phones if phone.context == "from-outside"),
        entrances="".join(_ENTRANCE.format(phone=phone) for phone in phones),
    )
    (folder / "freeswitch.xml").write_text(filled, "utf-8")
    (folder / "callguard.xml").write_text(plans.callguard.read_text("utf-8") if plans.callguard else _EMPTY, "utf-8")
    (folder / "rig.xml").write_text(f"<include>\n{plans.extra}\n</include>\n", "utf-8")
    (folder / "rig_messages.xml").write_text(f"<include>\n{plans.messages}\n</include>\n", "utf-8")
