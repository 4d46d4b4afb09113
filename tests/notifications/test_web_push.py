"""A message only the browser can read: the example of RFC 8291, and the signature of RFC 8292."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from retail.core import web_push

RECEIVER = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
# RFC 8291, section 5.
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
    "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_standard_comes_out_to_the_byte():
    body = web_push.encrypt(
        b"When I grow up, I want to be a watermelon",
        RECEIVER,
        AUTH,
        private=SENDER,
        salt=web_push.decode(SALT),
    )
    assert web_push.encode(body) == BODY


def test_no_two_messages_look_alike():
    assert web_push.encrypt(b"x", RECEIVER, AUTH) != web_push.encrypt(b"x", RECEIVER, AUTH)


def test_what_is_no_key_is_refused():
    web_push.check_keys(RECEIVER, AUTH)
    for p256dh, auth in (("AAAA", AUTH), (RECEIVER, "AAAA"), (RECEIVER[:-4] + "AAAA", AUTH), ("é", AUTH)):
        with pytest.raises(web_push.BadKeys):
            web_push.check_keys(p256dh, auth)
    with pytest.raises(ValueError, match="at most"):
        web_push.encrypt(b"x" * 4000, RECEIVER, AUTH)


def test_a_push_service_can_tell_who_sends():
    private, public = web_push.new_keys()
    header = web_push.authorization(private, public, "https://push.example", "mailto:a@example.com", 1_800_000_000)
    scheme, rest = header.split(" ", 1)
    token, key = (part.split("=", 1)[1] for part in rest.split(", "))
    assert (scheme, key) == ("vapid", public)
    head, claims, signature = token.split(".")
    assert json.loads(web_push.decode(claims)) == {
        "aud": "https://push.example",
        "exp": 1_800_000_000,
        "sub": "mailto:a@example.com",
    }
    raw = web_push.decode(signature)
    both = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), web_push.decode(public))
    point.verify(both, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
