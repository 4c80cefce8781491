"""Runs the parsers that operators have over the prints beside this file. By hand:

    python3 -m venv V && V/bin/pip install ntc-templates pyats genie.libs.parser
    V/bin/python judge.py
"""

import pathlib
import sys
from unittest.mock import Mock

from genie.libs.parser.iosxe import (
    ping,
    show_crypto,
    show_interface,
    show_platform,
    show_routing,
    show_system,
)
from ntc_templates.parse import parse_output

HERE = pathlib.Path(__file__).parent

NTC = {
    "settled/show_crypto_ipsec_sa_detail": "show crypto ipsec sa detail",
    "all/show_crypto_session_detail": "show crypto session detail",
    "all/show_interfaces": "show interfaces",
    "all/show_ip_interface_brief": "show ip interface brief",
    "all/show_ip_route": "show ip route",
    "all/show_version": "show version",
}

GENIE = {
    "settled/show_crypto_ikev2_sa": show_crypto.ShowCryptoIkev2Sa,
    "settled/show_crypto_ikev2_sa_detailed": show_crypto.ShowCryptoIkev2SaDetail,
    "settled/show_crypto_ikev2_sa_detailed_nat": show_crypto.ShowCryptoIkev2SaDetail,
    "settled/show_crypto_ikev2_session_detailed": show_crypto.ShowCryptoIkev2Session,
    "settled/show_crypto_ipsec_sa_detail": show_crypto.ShowCryptoIpsecSaDetail,
    "all/show_crypto_ikev2_session": show_crypto.ShowCryptoIkev2Session,
    "all/show_crypto_ikev2_proposal": show_crypto.ShowCryptoIkev2Proposal,
    "all/show_crypto_ikev2_policy": show_crypto.ShowCryptoIkev2Policy,
    "all/show_crypto_ipsec_sa": show_crypto.ShowCryptoIpsecSa,
    "all/show_crypto_ipsec_sa_detail": show_crypto.ShowCryptoIpsecSaDetail,
    "all/show_crypto_session": show_crypto.ShowCryptoSession,
    "all/show_crypto_session_detail": show_crypto.ShowCryptoSessionDetail,
    "all/show_interfaces": show_interface.ShowInterfaces,
    "all/show_ip_interface_brief": show_interface.ShowIpInterfaceBrief,
    "all/show_ip_route": show_routing.ShowIpRoute,
    "all/show_ip_route_entry": show_routing.ShowIpRouteWord,
    "all/show_version": show_platform.ShowVersion,
    "all/show_clock": show_system.ShowClock,
    "ipv6/show_crypto_ikev2_sa_detailed": show_crypto.ShowCryptoIkev2SaDetail,
    "ipv6/show_crypto_ikev2_session": show_crypto.ShowCryptoIkev2Session,
    "ipv6/show_crypto_session_detail": show_crypto.ShowCryptoSessionDetail,
    "ping": ping.Ping,
}


def text(name):
    return (HERE / f"{name}.txt").read_text()


def judge(title, parse):
    try:
        parsed = parse()
    except Exception as refusal:
        print(f"REFUSED {title}: {refusal!r}"[:400])
        return False
    if "-v" in sys.argv:
        print(parsed)
    print(f"ok {title} ({len(parsed)})")
    return bool(parsed)


def ntc(name, command):
    return judge(
        f"ntc {name}",
        lambda: parse_output(platform="cisco_ios", command=command, data=text(name)),
    )


def genie(name, parser):
    return judge(f"genie {name}", lambda: parser(device=Mock()).parse(output=text(name)))


verdicts = [ntc(*row) for row in NTC.items()] + [genie(*row) for row in GENIE.items()]
sys.exit(0 if all(verdicts) else 1)
