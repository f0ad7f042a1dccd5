# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""X.509 certificates: bytes in, values out. Pure: no files, no network, no Ansible.

The cryptography library is imported when the first certificate is parsed, so that commands that meet none do not pay
for it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import typing as t
import warnings
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property, lru_cache

if t.TYPE_CHECKING:
    from cryptography import x509

_Value = t.TypeVar("_Value")

_BEGIN = re.compile(rb"-----BEGIN ([A-Za-z0-9 ]+)-----")
_PRIVATE_KEY = re.compile(rb"begin [a-z0-9 ]*private key|putty-user-key-file")
"""In lower case: a pattern that ignores case takes ten times as long."""


class CertificateError(ValueError):
    """Bytes that cannot be taken as a certificate. The message never repeats any of them."""


class PrivateKeyError(CertificateError):
    """A private key where only certificates belong."""


@dataclass(frozen=True)
class Certificate:
    """One certificate. Only C(der) and the fingerprints are known of one that does not parse.

    Reading a name takes longer than the rest, and most certificates of a large rotation are never asked for theirs.
    """

    der: bytes = field(repr=False)
    serial_number: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None

    @cached_property
    def subject(self) -> str | None:
        """The subject as RFC 4514 writes it; None where it cannot be read."""
        return self._of_name("subject", lambda name: name.rfc4514_string())

    @cached_property
    def issuer(self) -> str | None:
        """The issuer as RFC 4514 writes it; None where it cannot be read."""
        return self._of_name("issuer", lambda name: name.rfc4514_string())

    def issued(self, other: Certificate) -> bool:
        """Whether this is the issuer of another certificate, going by their names."""
        subject = self._of_name("subject", lambda name: name.public_bytes())
        return subject is not None and subject == other._of_name("issuer", lambda name: name.public_bytes())

    def _of_name(self, which: str, read: t.Callable[[x509.Name], _Value]) -> _Value | None:
        """What a function makes of the subject or the issuer; None where the name cannot be read."""
        from cryptography import x509

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # Parsed again, which takes a microsecond; a thousand that are kept cost more.
                return read(getattr(x509.load_der_x509_certificate(self.der), which))
        # Which of them it is depends on cryptography's version.
        except (ValueError, TypeError, KeyError, x509.InvalidVersion):
            return None

    @cached_property
    def fingerprint_sha256(self) -> str:
        """SHA-256 of the DER, lower-case hex."""
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def fingerprint_sha1(self) -> str:
        """SHA-1 of the DER, lower-case hex: an identifier that the manager reports, not a proof of anything."""
        return hashlib.sha1(self.der).hexdigest()  # noqa: S324

    @property
    def pem(self) -> str:
        """PEM as RFC 7468 has it: lines of 64 characters, LF, a last newline."""
        text = base64.b64encode(self.der).decode("ascii")
        lines = [text[start : start + 64] for start in range(0, len(text), 64)]
        return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


@dataclass(frozen=True)
class Bundle:
    """A certificate and the issuers that travel with it, nearest first."""

    leaf: Certificate
    issuers: tuple[Certificate, ...] = ()

    @property
    def pem(self) -> str:
        """The certificate, then its issuers."""
        return "".join(certificate.pem for certificate in (self.leaf, *self.issuers))

    def matches_stored(self, kept: Bundle) -> bool:
        """Whether C(kept), what a server holds, is this bundle as far as the server keeps one.

        Servers that keep no issuers say nothing about them, so then the certificate alone decides.
        """
        if self.leaf.der != kept.leaf.der:
            return False
        mine = [issuer.der for issuer in self.issuers]
        theirs = [issuer.der for issuer in kept.issuers]
        return mine[: len(theirs)] == theirs


def parse_der(der: bytes) -> Certificate:
    """Parse one DER certificate.

    :raises CertificateError: where it is none, or one that cryptography refuses.
    """
    from cryptography import x509

    try:
        # Old certificates in the field break rules that cryptography only warns of; users cannot act on that here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = x509.load_der_x509_certificate(der)
            return Certificate(
                der=der,
                serial_number=format(parsed.serial_number, "x"),
                not_before=_utc(parsed, "not_valid_before"),
                not_after=_utc(parsed, "not_valid_after"),
            )
    except Exception as exc:
        # Malformed input surfaces as ValueError, TypeError, InvalidVersion and more, by cryptography's version.
        reason = (" ".join(str(exc).split()) or type(exc).__name__)[:160]
        raise CertificateError(f"not a certificate that can be read ({reason})") from exc


def _utc(parsed: object, attribute: str) -> datetime:
    """A date of a parsed certificate with its time zone; cryptography before 42 has it without."""
    aware: datetime | None = getattr(parsed, attribute + "_utc", None)
    if aware is not None:
        return aware
    naive: datetime = getattr(parsed, attribute)
    return naive.replace(tzinfo=timezone.utc)


def parse_input(data: bytes) -> Bundle:
    """Take what a user gave: a DER certificate, or text with PEM certificates in it.

    Text around the blocks, CRLF, a missing last newline, other kinds of block and repeated certificates do not
    matter. Several certificates must be one certificate and its issuers; they may stand in any order.

    :raises PrivateKeyError: where a private key is anywhere in it.
    :raises CertificateError: for everything else that is not one certificate with its issuers.
    """
    if not data.strip():
        raise CertificateError("empty")
    if _PRIVATE_KEY.search(data.lower()):
        raise PrivateKeyError("holds a private key. Give the certificate alone; the key was not sent anywhere")
    if not _BEGIN.search(data):
        return Bundle(_parse_der_input(data))
    certificates: dict[bytes, Certificate] = {}
    for number, der in enumerate(_certificate_blocks(data), start=1):
        try:
            certificates[der] = parse_der(der)
        except CertificateError as exc:
            raise CertificateError(f"CERTIFICATE block {number} is {exc}") from exc
    return _order(list(certificates.values()))


def _parse_der_input(data: bytes) -> Certificate:
    try:
        return parse_der(data)
    except CertificateError as exc:
        raise CertificateError(
            "holds no certificate: neither PEM (no '-----BEGIN CERTIFICATE-----') nor a single DER certificate"
        ) from exc


def _certificate_blocks(data: bytes) -> list[bytes]:
    """The DER of each CERTIFICATE block."""
    begins = list(_BEGIN.finditer(data))
    ders: list[bytes] = []
    others = []
    for begin, following in zip(begins, [*begins[1:], None]):
        label = begin.group(1)
        if label != b"CERTIFICATE":
            others.append(label.decode("ascii"))
            continue
        body, end, _rest = data[begin.end() : following.start() if following else None].partition(
            b"-----END CERTIFICATE-----"
        )
        number = len(ders) + 1
        if not end:
            raise CertificateError(f"CERTIFICATE block {number} has no END line: the text is cut off")
        try:
            ders.append(base64.b64decode(b"".join(body.split()), validate=True))
        except binascii.Error as exc:
            raise CertificateError(
                f"CERTIFICATE block {number} is not valid base64: the text is damaged or cut off"
            ) from exc
    if not ders:
        raise CertificateError("holds no certificate, only: " + ", ".join(dict.fromkeys(others)))
    return ders


def _order(certificates: list[Certificate]) -> Bundle:
    """The one certificate that issued none of the others, then its issuers by distance.

    :raises CertificateError: where the certificates are not one such chain.
    """
    leaves = [
        candidate
        for candidate in certificates
        if not any(candidate.issued(other) for other in certificates if other.der != candidate.der)
    ]
    if len(leaves) != 1:
        raise CertificateError(
            "holds several certificates that are not one certificate and its issuers: "
            + "; ".join(_name(certificate) for certificate in leaves or certificates)
        )
    chain = [leaves[0]]
    pending = [certificate for certificate in certificates if certificate.der != leaves[0].der]
    for certificate in chain:  # grows while it is walked: each issuer found is asked for its own
        issuers = [other for other in pending if other.issued(certificate)]
        pending = [other for other in pending if other not in issuers]
        chain.extend(issuers)
    if pending:
        raise CertificateError(
            f"holds certificates that are no issuers of {_name(chain[0])}: "
            + "; ".join(_name(certificate) for certificate in pending)
        )
    return Bundle(chain[0], tuple(chain[1:]))


def _name(certificate: Certificate) -> str:
    return certificate.subject or f"serial number {certificate.serial_number}"


@lru_cache(maxsize=16)
def parse_stored(content: str) -> Bundle | None:
    """Take what a manager reports as C(base64EncodedContent); the environments of a list mostly hold the same one.

    The generations differ: base64 of the DER (2025, 2026), or base64 of a whole PEM text (2023); PEM as it is does no
    harm either. None where no certificate can be made out. A certificate that does not parse keeps its fingerprints.
    """
    text = content.encode("utf-8", "replace")
    if not _BEGIN.search(text):
        try:
            text = base64.b64decode(b"".join(text.split()), validate=True)
        except binascii.Error:
            return None
    if not text:
        return None
    ders = [text]
    if _BEGIN.search(text):
        try:
            ders = _certificate_blocks(text)
        except CertificateError:
            return None
    kept = [_parse_or_keep(der) for der in ders]
    try:
        return _order(kept)
    except CertificateError:
        return Bundle(kept[0], tuple(kept[1:]))


def _parse_or_keep(der: bytes) -> Certificate:
    try:
        return parse_der(der)
    except CertificateError:
        return Certificate(der)


def subject_names(certificate: Certificate) -> frozenset[str]:
    """The DNS names (lower case) and IP addresses that a certificate is for (RFC 5280, section 4.2.1.6).

    A certificate without subject alternative names stands for its common name, as old clients read it.

    :raises CertificateError: where they cannot be read.
    """
    from cryptography import x509

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = x509.load_der_x509_certificate(certificate.der)
            try:
                names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            except x509.ExtensionNotFound:
                common = parsed.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
                return frozenset(str(attribute.value).lower() for attribute in common)
            dns = names.get_values_for_type(x509.DNSName)
            addresses = names.get_values_for_type(x509.IPAddress)
    except Exception as exc:
        reason = (" ".join(str(exc).split()) or type(exc).__name__)[:160]
        raise CertificateError(f"its names cannot be read ({reason})") from exc
    return frozenset(name.lower() for name in dns) | frozenset(str(address) for address in addresses)


def check_validity(certificate: Certificate, now: datetime) -> None:
    """Refuse a certificate outside its validity period (RFC 5280, section 4.1.2.5).

    :raises CertificateError: with the date that rules it out.
    """
    if certificate.not_after is not None and certificate.not_after < now:
        raise CertificateError(f"{_name(certificate)} expired on {iso(certificate.not_after)}")
    if certificate.not_before is not None and certificate.not_before > now:
        raise CertificateError(f"{_name(certificate)} is not valid before {iso(certificate.not_before)}")


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, whole seconds, with Z."""
    return moment.astimezone(timezone.utc).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
