"""The site of `site.py` on a private FreeSWITCH: the same numbers, the same phones, the same daemon."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from callguard.announcements import Catalogue
from tests.rig.freeswitch import PrivateFreeswitch
from tests.rig.phone import Phone
from tests.rig.site import Login, Site, noise_prompts, settled, write_settings

DIALPLAN: Final = """
<context name="from-outside">
  <extension name="company"><condition field="destination_number" expression="^(700|0213334444)$">
    <action application="execute_extension" data="inbound:sales XML callguard"/>
    <action application="set" data="call_timeout=20"/>
    <action application="bridge" data="sofia/rig/agent@$${phone_agent}"/>
  </condition></extension>
  <extension name="transferred"><condition field="destination_number" expression="^0733000222$">
    <action application="bridge" data="sofia/gateway/caller/0733000222"/>
  </condition></extension>
</context>
<context name="from-inside">
  <extension name="out"><condition field="destination_number" expression="^(0\\d+)$">
    <action application="set" data="call_timeout=20"/>
    <action application="execute_extension" data="outbound XML callguard"/>
    <action application="bridge" data="sofia/gateway/caller/$1"/>
    <action application="hangup" data="${originate_disposition}"/>
  </condition></extension>
</context>
"""

MESSAGES: Final = """
<context name="rig">
  <extension name="out"><condition field="to_user" expression="^(0\\d+)$">
    <action application="set"
            data="callguard_told=${bgapi(echo callguard-message outbound ${url_encode(${to_user})} ${url_encode(${from_user})})}"/>
    <action application="set" data="to=$1@$${phone_caller}"/>
  </condition></extension>
  <extension name="in"><condition field="to_user" expression="^agent$">
    <action application="set"
            data="callguard_told=${bgapi(echo callguard-message inbound ${url_encode(${to_user})} ${url_encode(${from_user})})}"/>
    <action application="set" data="to=agent@$${phone_agent}"/>
  </condition></extension>
</context>
"""


@contextmanager
def freeswitch_site(
    prefix: Path,
    folder: Path,
    policies: str = "",
    *,
    dialplan: str = DIALPLAN,
    messages: str = MESSAGES,
    catalogue: Catalogue | None = None,
    recording: str = "stereo",
) -> Iterator[Site]:
    """Everything but a running daemon; all of it is gone afterwards but the folder."""
    with (
        Phone("caller", user_agent="Outside/1") as caller,
        Phone("agent", user_agent="Desk/2") as agent,
        PrivateFreeswitch(
            prefix,
            phones={"caller": caller.port, "agent": agent.port},
            outside={"caller"},
            extra_dialplan=dialplan,
            messages=messages,
        ) as pbx,
    ):
        made = catalogue or noise_prompts(folder)
        login = Login("freeswitch", pbx.esl_port, pbx.esl_password, f'recording = "{recording}"')
        config = write_settings(folder, login, pbx.recordings, made, pbx.sounds.outside, policies)
        with settled(Site(pbx, {"caller": caller, "agent": agent}, folder, made, config)) as here:
            yield here
