"""Where an event can be joined."""

import time

import pytest

from calendar_sync.domain.events import MeetingLink
from calendar_sync.domain.meeting_links import find_meeting_links, meeting_key, meeting_link

KNOWN = """
zoom               https://us02web.zoom.us/j/85012345678?pwd=Ab12.1
zoom               https://acme.zoom.us/my/jane.doe
zoom               https://zoom.us/w/91234567890?tk=x
zoom               https://app.zoom.us/wc/85012345678/join?fromPWA=1
zoom               https://zoomgov.com/j/1601234567
zoom               zoommtg://zoom.us/join?confno=85012345678&pwd=x
zoom               https://zoom.us/join?action=join&confno=85012345678
zoom               https://app.zoom.us/wc/join/85012345678
zoom               https://app.zoom.us/wc/85012345678/start
zoom               https://zoom.us/s/85012345678
zoom               https://acme.zoom.us/meeting/register/tZ0ocO-tqz0iGtYl
zoom               https://acme.zoom.us/meeting/attendee/tZ0ocO-tqz0iGtYl
zoom               https://acme.zoom.us/webinar/register/WN_abc
zoom               https://events.zoom.us/ej?code=abc
zoom               https://acme.zoom.com/j/85012345678
zoom               https://acme.zoom.com.cn/j/85012345678
zoom               https://acme.zoom-x.de/j/85012345678
google_meet        https://meet.google.com/abc-defg-hij?authuser=0
google_meet        https://meet.google.com/abcdefghij
google_meet        https://meet.google.com/meet/abc-defg-hij
google_meet        https://meet.google.com/lookup/team-daily
google_meet        https://meet.google.com/_meet/abc-defg-hij
google_meet        https://g.co/meet/acme-daily
google_meet_stream https://stream.meet.google.com/stream/0f8fad5b
teams              https://teams.microsoft.com/l/meetup-join/19%3ameeting_NmY%40thread.v2/0?context=%7b%22Tid%22%3a%22x%22%7d
teams              https://teams.microsoft.com/meet/2451234567890?p=AbCdEf
teams              https://teams.live.com/meet/9312345678901?p=xyz
teams              https://gov.teams.microsoft.us/l/meetup-join/19%3a
teams              https://teams.cloud.microsoft/meet/2451234567890?p=AbCdEf
teams              https://dod.teams.microsoft.us/l/meetup-join/19%3a
teams              https://teams.microsoftonline.cn/l/meetup-join/19%3a
teams              https://teams.microsoft.com/l/meeting/join?id=1
teams              https://teams.microsoft.com/v2/?meetingjoin=true#/l/meetup-join/19:meeting_x@thread.v2/0
teams              https://teams.microsoft.com/dl/launcher/launcher.html?url=%2F_%23%2Fl%2Fmeetup-join%2F19
teams              https://teams.microsoft.com/_#/l/meetup-join/19:meeting_NmY@thread.v2/0
teams              msteams:/l/meetup-join/19:meeting_NmY@thread.v2/0
webex              https://acme.webex.com/acme/j.php?MTID=md41817da6a55b0925530cb88b3577b1e
webex              https://acme.webex.com/meet/jdoe
webex              https://acme.webex.com/join/jdoe
webex              https://acme.webex.com/m/0f8fad5b-d9cb-469f-a165-70867728950e
webex              https://acme.my.webex.com/acme.my/j.php?MTID=m1
webex              https://acme.webex.com/wbxmjs/joinservice/sites/acme/meeting/download/abc
webex              https://acme.webex.com/acme/m.php?AT=JM&MK=123456789
webex              https://acme.webex.com/acme/e.php?AT=SI&ED=123456789
webex              https://acme.webex.com/acme/g.php?RGID=r1
webex              https://acme.webex.com/m/0f8fad5bd9cb469fa16570867728950e
webex              https://acme.webex.com/webappng/sites/acme/meeting/info/0f8f
webex              https://acme.webex.com/weblink/register/r0f8fad5b
goto               https://meet.goto.com/123456789
goto               https://app.goto.com/meeting/123456789
goto               https://gotomeeting.com/join/123456789
goto               https://www.gotomeeting.com/join/123456789
goto               https://app.gotomeeting.com/join/123456789
goto               https://www.gotomeet.at/acme/1
gotowebinar        https://global.gotowebinar.com/join/123456789/1234
gotowebinar        https://attendee.gotowebinar.com/register/123456789
gotowebinar        https://attendee.gotowebinar.com/rt/123456789
goto               https://global.gotomeeting.com/join/123456789
goto               https://meet.goto.com/acmeroom
goto               https://gotomeet.me/acme
whereby            https://whereby.com/acme-room
whereby            https://acme.whereby.com/acme-room
whereby            https://appear.in/acme-room
jitsi              https://meet.jit.si/MyRoom
jitsi              https://8x8.vc/vpaas-magic-cookie/MyRoom
jitsi              https://acme.8x8.vc/acme/MyRoom
jitsi              https://meet.jitsi.example.org/MyRoom
chime              https://chime.aws/1234567890
chime              https://app.chime.aws/meetings/1234567890
ringcentral        https://v.ringcentral.com/conf/on/123456789
ringcentral        https://v.ringcentral.com/w/join/123456789
ringcentral        https://v.ringcentral.com/teleconference
ringcentral        https://video.unifyoffice.com/join/123456789
ringcentral        https://video.cloudoffice.avaya.com/join/123456789
ringcentral        https://video.rainbowoffice.com/join/123456789
ringcentral        https://v.ringcentral.com/join/123456789?pw=x
ringcentral        https://meetings.ringcentral.com/j/1234567890
bluejeans          https://bluejeans.com/123456789/1234
slack_huddle       https://app.slack.com/huddle/T012AB3CD/C045EF6GH
gather             https://app.gather.town/app/abc123/Office?spawnToken=x
gather             https://gather.town/app/abc123/Office
gather             https://app.v2.gather.town/app/abc123/Office
gather             https://www.gather.town/invite?token=x
around             https://meet.around.co/r/acme
around             https://around.co/r/acme
livestorm          https://app.livestorm.co/acme/demo
livestorm          https://app.livestorm.com/p/0f8f
skype              https://join.skype.com/AbCdEf
skype              https://join.skype.com/invite/AbCdEf
skype              https://join.skype.com/meetnow/AbCdEf
facetime           https://facetime.apple.com/join#v=1&p=abc&k=def
lark               https://vc.larksuite.com/j/123456789
lark               https://vc.feishu.cn/j/123456789
tencent            https://meeting.tencent.com/dm/AbCdEf
tencent            https://meeting.tencent.com/s/AbCdEf
tencent            https://meeting.tencent.com/p/123456789
tencent            https://voovmeeting.com/dw/AbCdEf
proton             https://meet.proton.me/join/id-ABC#pwd-DEF
cal_com            https://app.cal.com/video/abc
livekit            https://meet.livekit.io/rooms/abc
riverside          https://riverside.fm/studio/acme
riverside          https://riverside.com/studio/acme
streamyard         https://streamyard.com/abc123def4
streamyard         https://www.streamyard.com/guest/abc123def4
dialpad            https://meetings.dialpad.com/room/acme
uberconference     https://www.uberconference.com/room/acme
uberconference     https://uberconference.com/acme
daily              https://acme.daily.co/stand-up
teamviewer         https://go.teamviewer.com/v15/m12345678
teamviewer         https://go.blizz.com/12345678
discord            https://discord.gg/invite/AbCdEf
discord            https://discord.com/channels/123/456
discord            https://www.discord.com/events/123/456
vonage             https://meetings.vonage.com/?room_token=123456789
vonage             https://meetings.vonage.com/123456789
skype_business     https://meet.lync.com/acme/jdoe/AB12CD34
skype_business     https://meet.acme.com/acme/jdoe/AB12CD34
"""

UNKNOWN = """
https://meet.google.com/landing
https://www.webex.com/pricing
https://evil.example/?u=https://zoom.us/j/123456789
https://zoom.us.evil.example/j/123456789
https://zoom.us@evil.example/j/123456789
https://notzoom.us/j/123456789
https://zoom.us.evil.com/j/123456789
https://zoom-us.evil.com/j/123456789
https://evil.com/zoom.us/j/123456789
https://evil.com/#@zoom.us/j/123456789
https://zoom.us%2eevil.com/j/123456789
https://zoom.us:pass@evil.com/j/123456789
https://zооm.us/j/123456789
https://zoom.uſ/j/123456789
https://v.rıngcentral.com/join/123456789
https://meet.google.com.evil.com/abc-defg-hij
https://meet.goog1e.com/abc-defg-hij
https://teams.microsoft.com.evil.com/l/meetup-join/19%3ameeting_x%40thread.v2/0
https://teams-microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0
https://acme.webex.com.evil.com/meet/jdoe
https://evilwebex.com/meet/jdoe
https://safelinks.protection.outlook.com.evil.com/?url=https%3A%2F%2Fzoom.us%2Fj%2F85012345678
https://www.google.com.evil.com/url?q=https%3A%2F%2Fzoom.us%2Fj%2F85012345678
https://protect-us.mimecast.com/s/AbCdEfGh?domain=zoom.us
https://secure-web.cisco.com/1AbCdEf/https%3A%2F%2Fzoom.us%2Fj%2F85012345678
https://teams.microsoft.com/meetingOptions/?organizerId=1
https://zoom.us/rec/share/abc
https://zoom.us/u/adxyz
https://zoom.us/pricing
https://zoom.us/j/12
https://whereby.com/pricing
https://[zoom.us]/j/123456789
http://[::1/j/123456789
https:///j/123456789
ftp://zoom.us/j/123456789
javascript:location='https://'
https://example.com
nothing
"""  # noqa: RUF001 - look-alikes are what it is about

WRAPPED = """
teams       https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fteams.microsoft.com%2Fl%2Fmeetup-join%2F19%253ameeting_x%2540thread.v2%2F0%3Fcontext%3D%257b%257d&amp;data=05%7C02%7C&amp;sdata=x&amp;reserved=0 https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0?context=%7b%7d
teams       https://nam12.safelinks.protection.outlook.com/ap/t-59584e83/?url=https%3A%2F%2Fteams.microsoft.com%2Fmeet%2F123%3Fp%3Dx&data=1 https://teams.microsoft.com/meet/123?p=x
teams       https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html?url=https%3A%2F%2Fteams.microsoft.com%2Fmeet%2F123 https://teams.microsoft.com/meet/123
zoom        https://gov01.safelinks.protection.office365.us/?url=https%3A%2F%2Fzoomgov.com%2Fj%2F1601234567&data=x https://zoomgov.com/j/1601234567
zoom        https://urldefense.com/v3/__https://acme.zoom.us/j/85012345678?pwd=a*b__;Kw!!x!y$ https://acme.zoom.us/j/85012345678?pwd=a+b
zoom        https://urldefense.proofpoint.com/v2/url?u=https-3A__acme.zoom.us_j_85012345678-3Fpwd-3DAb-5F1&d=DwMF&c=x&r=y&m=z&s=w&e= https://acme.zoom.us/j/85012345678?pwd=Ab_1
zoom        https://urldefense.proofpoint.com/v1/url?u=https://zoom.us/j/85012345678&k=x https://zoom.us/j/85012345678
google_meet https://www.google.com/url?q=https%3A%2F%2Fmeet.google.com%2Fabc-defg-hij&sa=D&ust=1 https://meet.google.com/abc-defg-hij
teams       https://www.google.com/url?q=https%3A%2F%2Feur01.safelinks.protection.outlook.com%2F%3Furl%3Dhttps%253A%252F%252Fteams.microsoft.com%252Fmeet%252F123 https://teams.microsoft.com/meet/123
zoom        https://urldefense.us/v3/__https://acme.zoom.us/j/85012345678__;!!x!y$ https://acme.zoom.us/j/85012345678
zoom        https://lm.facebook.com/l.php?u=https%3A%2F%2Fzoom.us%2Fj%2F85012345678 https://zoom.us/j/85012345678
zoom        https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fzoom.us%2fj%2f85012345678&c=E,1,x https://zoom.us/j/85012345678
zoom        https://l.facebook.com/l.php?u=https%3A%2F%2Fzoom.us%2Fj%2F85012345678&h=x https://zoom.us/j/85012345678
zoom        https://www.google.com/url?q=https%3A%2F%2Furldefense.com%2Fv3%2F__https%3A%2F%2Fzoom.us%2Fj%2F85012345678__%3B!!x!y%24 https://zoom.us/j/85012345678
"""  # noqa: E501 - addresses as they come


def rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


@pytest.mark.parametrize(("platform", "address"), rows(KNOWN))
def test_the_platform_is_known_by_host_and_path(platform: str, address: str) -> None:
    assert meeting_link(address) == MeetingLink(address, platform)


@pytest.mark.parametrize("address", [row[0] for row in rows(UNKNOWN)])
def test_other_addresses_are_no_meetings(address: str) -> None:
    assert meeting_link(address) is None
    assert find_meeting_links((), address, [f"Join at {address} now"]) == ()


@pytest.mark.parametrize(("platform", "address", "inner"), rows(WRAPPED))
def test_wrapped_addresses_are_unwrapped(platform: str, address: str, inner: str) -> None:
    assert find_meeting_links((), None, [f'<a href="{address}">Join the meeting now</a>']) == (
        MeetingLink(inner, platform),
    )


def test_more_wrappers_than_anyone_uses_are_left_alone() -> None:
    address = "https://zoom.us/j/85012345678"
    for _ in range(6):
        address = f"https://l.facebook.com/l.php?u={address}"

    assert meeting_link(address) is None


def test_a_proofpoint_run_of_characters_is_put_back() -> None:
    wrapped = "https://urldefense.com/v3/__https://zoom.us/j/85012345678?pwd=**Bx__;4piD4piD4piD!!a!b$"

    assert meeting_link(wrapped) == MeetingLink("https://zoom.us/j/85012345678?pwd=☃☃☃x", "zoom")


@pytest.mark.parametrize(
    "text",
    [
        "Join <https://zoom.us/j/85012345678?pwd=x>.",
        "(https://zoom.us/j/85012345678?pwd=x)",
        '"https://zoom.us/j/85012345678?pwd=x";',
        "Zoom:https://zoom.us/j/85012345678?pwd=x, phone +1 2345",
        "Room 4; https://zoom.us/j/85012345678?pwd=x;",
        "https://example.com/agenda,https://zoom.us/j/85012345678?pwd=x",
        "https://zoom.us/j/850\u200b12345678?pwd=x",
        "https://zoom.us/j/85012345678?pwd=x\u00a0(Passcode)",
        "<p>https://zoom.us/j/85012345678?pwd=x&nbsp;Passcode</p>",
        '<a href="https://zoom.us/j/85012345678?pwd=x">Join</a>',
        "<a href='https://zoom.us/j/85012345678?pwd=x'>Join</a>",
        "<a href=https://zoom.us/j/85012345678?pwd=x>Join</a>",
        "&lt;https://zoom.us/j/85012345678?pwd=x&gt;",
        "zoom.us/j/85012345678?pwd=x",
        "Room 4 / zoom.us/j/85012345678?pwd=x",
    ],
)
def test_an_address_is_found_in_any_text(text: str) -> None:
    assert find_meeting_links((), None, [text]) == (MeetingLink("https://zoom.us/j/85012345678?pwd=x", "zoom"),)


def test_entities_are_undone_but_parameters_that_look_like_them_are_kept() -> None:
    text = "https://zoom.us/j/85012345678?a=1&amp;pwd=x&copy=2&lt=3"

    assert find_meeting_links((), None, [text])[0].url == "https://zoom.us/j/85012345678?a=1&pwd=x&copy=2&lt=3"


def test_fields_count_in_their_order() -> None:
    links = find_meeting_links(
        ["https://meet.google.com/abc-defg-hij"],
        "https://zoom.us/j/85012345678",
        ["https://teams.live.com/meet/9312345678901", "https://whereby.com/acme"],
    )

    assert [link.platform for link in links] == ["google_meet", "zoom", "teams", "whereby"]


def test_of_one_meeting_the_longest_address_is_kept_in_the_place_of_the_first() -> None:
    links = find_meeting_links(
        (), "https://zoom.us/j/85012345678", ["https://whereby.com/acme", "https://us02web.zoom.us/j/85012345678?pwd=x"]
    )

    assert [link.url for link in links] == ["https://us02web.zoom.us/j/85012345678?pwd=x", "https://whereby.com/acme"]


def test_a_web_address_is_preferred_to_one_for_an_app() -> None:
    links = find_meeting_links(
        (), None, ["zoommtg://zoom.us/join?confno=85012345678&pwd=long https://zoom.us/j/85012345678"]
    )

    assert links == (MeetingLink("https://zoom.us/j/85012345678", "zoom"),)


def test_what_a_provider_calls_a_conference_is_one_on_any_host_but_comes_last() -> None:
    links = find_meeting_links(["https://bbb.example.org/b/abc"], None, ["https://zoom.us/j/85012345678"])

    assert links == (
        MeetingLink("https://zoom.us/j/85012345678", "zoom"),
        MeetingLink("https://bbb.example.org/b/abc", "other"),
    )


@pytest.mark.parametrize(
    "beside",
    [
        "https://acme.zoom.us/meeting/register/tZ0oc",
        "https://acme.zoom.us/webinar/register/WN_abc",
        "https://acme.webex.com/weblink/register/r0f8",
        "https://attendee.gotowebinar.com/register/123456789",
        "https://attendee.gotowebinar.com/rt/123456789",
        "https://stream.meet.google.com/stream/0f8fad5b",
    ],
)
def test_where_people_register_or_look_on_comes_last(beside: str) -> None:
    links = find_meeting_links([beside, "https://bbb.example.org/b/abc"], None, ["https://zoom.us/j/85012345678"])

    assert [link.url for link in links] == ["https://zoom.us/j/85012345678", "https://bbb.example.org/b/abc", beside]


@pytest.mark.parametrize(
    "address",
    [
        "tel:+1-234",
        "sip:room@example.org",
        "https://aka.ms/JoinTeamsMeeting?omkt=en",
        "https://zoom.us/u/abc",
        "https://acme.zoom.us/rec/share/abc",
        "https://support.zoom.us/hc/en",
        "https://teams.microsoft.com/meetingOptions/?organizerId=1",
        "https://dialin.teams.microsoft.com/abc?id=1",
        "https://tel.meet/abc-defg-hij?pin=1",
        "https://acme.webex.com/acme/globalcallin.php?MTID=m1",
        "",
        "room 4",
    ],
)
def test_what_is_no_web_address_or_only_help_is_no_link(address: str) -> None:
    assert find_meeting_links([address], None, ()) == ()


def test_the_footer_of_a_teams_invitation_gives_one_link() -> None:
    body = """
        <a href="https://teams.microsoft.com/l/meetup-join/19%3ameeting_N%40thread.v2/0?context=x">Join now</a>
        <a href="https://aka.ms/JoinTeamsMeeting?omkt=en-US">Need help?</a>
        <a href="https://teams.microsoft.com/meetingOptions/?organizerId=1">Meeting options</a>
        <a href="https://support.zoom.us/hc/en">Help</a> <a href="https://zoom.us/u/adxyz">Numbers</a>
    """

    assert [link.platform for link in find_meeting_links((), None, [body])] == ["teams"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://zoom.us/j/85012345678", "https://us02web.zoom.us/wc/join/85012345678?pwd=x"),
        ("https://zoom.us/j/85012345678", "zoommtg://zoom.us/join?confno=85012345678"),
        ("https://meet.google.com/abc-defg-hij", "https://meet.google.com/_meet/ABCDEFGHIJ?authuser=1"),
        (
            "https://teams.microsoft.com/l/meetup-join/19%3ameeting_NmY%40thread.v2/0?context=x",
            "https://teams.microsoft.com/_#/l/meetup-join/19:meeting_NmY@thread.v2/0",
        ),
        ("https://teams.microsoft.com/meet/245123?p=x", "https://teams.cloud.microsoft/meet/245123"),
        ("https://acme.webex.com/acme/j.php?MTID=m1", "https://acme.webex.com/acme/e.php?x=1&MTID=M1"),
        ("https://whereby.com/acme", "https://whereby.com/Acme?embed"),
    ],
)
def test_links_to_the_same_meeting_have_the_same_key(first: str, second: str) -> None:
    keys = {meeting_key(link) for link in map(meeting_link, (first, second)) if link is not None}

    assert len(keys) == 1
    assert None not in keys


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://zoom.us/j/85012345678", "https://zoom.us/j/85012345679"),
        ("https://zoom.us/join?confno=85012345678", "https://zoom.us/join?confno=85012345679"),
        ("https://meet.google.com/abc-defg-hij", "https://meet.google.com/abc-defg-hik"),
        ("https://teams.live.com/meet/9312345678901", "https://teams.live.com/meet/9312345678902"),
        ("https://acme.webex.com/acme/j.php?MTID=m1", "https://acme.webex.com/acme/j.php?MTID=m2"),
        ("https://acme.webex.com/acme/m.php?AT=JM&MK=1", "https://acme.webex.com/acme/m.php?AT=JM&MK=2"),
        ("https://facetime.apple.com/join#k=A", "https://facetime.apple.com/join#k=B"),
        ("https://gather.town/invite?token=a", "https://gather.town/invite?token=b"),
        ("https://whereby.com/acme", "https://acme.whereby.com/acme"),
    ],
)
def test_links_to_different_meetings_have_different_keys(first: str, second: str) -> None:
    keys = {meeting_key(link) for link in map(meeting_link, (first, second)) if link is not None}

    assert len(keys) == 2


@pytest.mark.parametrize("address", ["https://zoom.us/my/jane", "https://acme.webex.com/meet/jane"])
def test_a_personal_room_is_no_meeting_of_its_own(address: str) -> None:
    link = meeting_link(address)

    assert link is not None
    assert meeting_key(link) is None


@pytest.mark.parametrize(
    "hostile",
    [
        "https://" * 125_000,
        "https:" + "a" * 1_000_000,
        "<a href=" * 125_000,
        '<a href="https://zoom.us/j/' * 40_000,
        "a." * 500_000,
        "a-" * 500_000 + ".zoom.us/j/1",
        "&amp" * 250_000,
        "https://zoom.us/j/1&" * 50_000,
        "https://v.ringcentral.com/join/" + "?" * 1_000_000,
        ("https://v.ringcentral.com/join/" + "1?" * 2_000 + " ") * 250,
        ("https://x.webex.com/" + "a/" * 2_000 + " ") * 250,
        ("https://urldefense.com/v3/__" + "*" * 4_000 + "__;Kw!! ") * 250,
        "http" * 250_000,
        " " * 1_000_000,
        "\u200b" * 1_000_000,
    ],
    ids=lambda hostile: hostile[:24],
)
def test_hostile_text_of_a_megabyte_takes_no_time(hostile: str) -> None:
    started = time.process_time()

    find_meeting_links([hostile], hostile, [hostile])

    assert time.process_time() - started < 3
