"""Web push: a message only the browser can read (RFC 8291, 8188), signed by who sends it (VAPID, RFC 8292)."""

from __future__ import annotations

import base64
import json
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
RECORD_SIZE = 4096
LONGEST_MESSAGE = 3900
"""Push services take no more than 4096 bytes, the frame around the message included."""


class BadKeys(ValueError):
    """The keys a browser gave are no keys."""


def encode(raw: bytes) -> str:
    """Bytes as base64 for addresses, without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes:
    """The bytes behind `encode`. BadKeys when it is something else."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as problem:
        raise BadKeys(str(problem)) from problem


def _private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decode(text)), CURVE)


def _public(raw: bytes) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, raw)
    except ValueError as problem:
        raise BadKeys(str(problem)) from problem


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def new_keys() -> tuple[str, str]:
    """A fresh pair: the private half, and the public half a browser subscribes with."""
    key = ec.generate_private_key(CURVE)
    return encode(key.private_numbers().private_value.to_bytes(32)), encode(_point(key.public_key()))


def check_keys(p256dh: str, auth: str) -> None:
    """BadKeys unless these are what a browser hands out: a point of the curve, and sixteen bytes."""
    _public(decode(p256dh))
    if len(decode(auth)) != 16:
        raise BadKeys("the auth secret has sixteen bytes")


def _hkdf(salt: bytes, secret: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, purpose).derive(secret)


def encrypt(message: bytes, p256dh: str, auth: str, *, private: str = "", salt: bytes = b"") -> bytes:
    """The body of a push. `private` and `salt` are chosen anew each time; tests give those of the RFC."""
    if len(message) > LONGEST_MESSAGE:
        raise ValueError(f"a push holds at most {LONGEST_MESSAGE} bytes")
    receiver = decode(p256dh)
    key = _private(private) if private else ec.generate_private_key(CURVE)
    sender, salt = _point(key.public_key()), salt or os.urandom(16)
    shared = key.exchange(ec.ECDH(), _public(receiver))
    secret = _hkdf(decode(auth), shared, b"WebPush: info\0" + receiver + sender, 32)
    content_key = _hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(salt, secret, b"Content-Encoding: nonce\0", 12)
    sealed = AESGCM(content_key).encrypt(nonce, message + b"\x02", None)
    return salt + RECORD_SIZE.to_bytes(4) + len(sender).to_bytes(1) + sender + sealed


def authorization(private: str, public: str, audience: str, subject: str, expires: int) -> str:
    """The header by which a push service knows who sends: `audience` is its origin, `expires` a Unix time within a
    day."""
    head = encode(json.dumps({"typ": "JWT", "alg": "ES256"}, separators=(",", ":")).encode())
    claims = encode(json.dumps({"aud": audience, "exp": expires, "sub": subject}, separators=(",", ":")).encode())
    signature = _private(private).sign(f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    first, second = decode_dss_signature(signature)
    return f"vapid t={head}.{claims}.{encode(first.to_bytes(32) + second.to_bytes(32))}, k={public}"
