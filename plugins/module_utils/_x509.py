# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""X.509 certificates: bytes in, values out. Pure: no files, no network, no Ansible.

The cryptography library is imported when the first certificate is parsed, because importing it takes time that a
command without certificates does not need to spend.
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

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError, PrivateKeyError

if t.TYPE_CHECKING:
    from cryptography import x509

_Value = t.TypeVar("_Value")

_BEGIN = re.compile(rb"-----BEGIN ([A-Za-z0-9 ]+)-----")
_PRIVATE_KEY = re.compile(rb"begin [a-z0-9 ]*private key|putty-user-key-file")
"""For lower-case text: a case-insensitive pattern takes ten times as long."""


@dataclass(frozen=True)
class Certificate:
    """One certificate. If it does not parse, only C(der) and the fingerprints are known.

    The subject and the issuer are read when they are first used: that takes longer than the rest of parsing, and most
    certificates of a large rotation never need them.
    """

    der: bytes = field(repr=False)
    serial_number: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None

    @property
    def subject(self) -> str | None:
        """The subject in the notation of RFC 4514, or None if it cannot be read."""
        return self._texts[0]

    @property
    def issuer(self) -> str | None:
        """The issuer in the notation of RFC 4514, or None if it cannot be read."""
        return self._texts[1]

    def issued(self, other: Certificate) -> bool:
        """Whether this certificate issued the other one, according to their names."""
        subject, _issuer = self._names(lambda name: name.public_bytes())
        _subject, issuer = other._names(lambda name: name.public_bytes())
        return subject is not None and subject == issuer

    @cached_property
    def _texts(self) -> tuple[str | None, str | None]:
        return self._names(lambda name: name.rfc4514_string())

    def _names(self, read: t.Callable[[x509.Name], _Value]) -> tuple[_Value | None, _Value | None]:
        """Apply a function to the subject and to the issuer. A name that cannot be read becomes None."""
        from cryptography import x509

        # Which exception it is depends on the version of cryptography.
        unreadable = (ValueError, TypeError, KeyError, x509.InvalidVersion)
        found: list[_Value | None] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                # Parsing again takes microseconds; keeping a thousand parsed objects costs more.
                parsed = x509.load_der_x509_certificate(self.der)
            except unreadable:
                return None, None
            for which in ("subject", "issuer"):
                try:
                    found.append(read(getattr(parsed, which)))
                except unreadable:
                    found.append(None)
        return found[0], found[1]

    @cached_property
    def fingerprint_sha256(self) -> str:
        """The SHA-256 of the DER as lower-case hexadecimal digits."""
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def fingerprint_sha1(self) -> str:
        """The SHA-1 of the DER as lower-case hexadecimal digits. Only an identifier that the manager reports, not a proof."""
        return hashlib.sha1(self.der).hexdigest()  # noqa: S324

    @cached_property
    def pem(self) -> str:
        """PEM as in RFC 7468: lines of 64 characters, LF line ends, and a final newline."""
        text = base64.b64encode(self.der).decode("ascii")
        lines = [text[start : start + 64] for start in range(0, len(text), 64)]
        return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


@dataclass(frozen=True)
class Bundle:
    """A certificate and the issuers that are sent with it, nearest first."""

    leaf: Certificate
    issuers: tuple[Certificate, ...] = ()

    @property
    def pem(self) -> str:
        """The PEM of the certificate, followed by the PEM of its issuers."""
        return "".join(certificate.pem for certificate in (self.leaf, *self.issuers))

    def matches_stored(self, stored: Bundle) -> bool:
        """Whether C(stored), as a manager returns it, is this bundle.

        A manager that does not store issuers returns none, so missing issuers are not a difference.
        """
        if self.leaf.der != stored.leaf.der:
            return False
        desired_issuers = [issuer.der for issuer in self.issuers]
        stored_issuers = [issuer.der for issuer in stored.issuers]
        return desired_issuers[: len(stored_issuers)] == stored_issuers


@lru_cache(maxsize=64)
def parse_der(der: bytes) -> Certificate:
    """Parse one DER certificate. The result is cached, because the same certificate is sent and then read back.

    :raises CertificateError: if it is not a certificate, or one that cryptography rejects.
    """
    from cryptography import x509

    try:
        # Old certificates break rules that cryptography only warns about; a user cannot act on such a warning.
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
        # Malformed input raises ValueError, TypeError, InvalidVersion and more, depending on the version.
        reason = (" ".join(str(exc).split()) or type(exc).__name__)[:160]
        raise CertificateError(f"not a readable certificate ({reason})") from exc


def _utc(parsed: object, attribute: str) -> datetime:
    """Return a date of a parsed certificate with its time zone, which cryptography adds from version 42 on."""
    aware: datetime | None = getattr(parsed, attribute + "_utc", None)
    if aware is not None:
        return aware
    naive: datetime = getattr(parsed, attribute)
    return naive.replace(tzinfo=timezone.utc)


def parse_input(data: bytes) -> Bundle:
    """Parse the input of a user: a DER certificate, or text with PEM certificates.

    Text around the PEM blocks, CRLF line ends, a missing final newline, other kinds of blocks, and repeated certificates
    are accepted. Several certificates must be one certificate and its issuers, in any order.

    :raises PrivateKeyError: if there is a private key anywhere in the input.
    :raises CertificateError: if the input is not one certificate with its issuers for any other reason.
    """
    if not data.strip():
        raise CertificateError("is empty")
    if _PRIVATE_KEY.search(data.lower()):
        raise PrivateKeyError("contains a private key. Provide only the certificate; the key was not sent anywhere")
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
            "contains no certificate: it is neither PEM (there is no '-----BEGIN CERTIFICATE-----') nor a single DER certificate"
        ) from exc


def _certificate_blocks(data: bytes) -> list[bytes]:
    """Return the DER of each CERTIFICATE block."""
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
            raise CertificateError(f"CERTIFICATE block {number} has no END line, so the text is incomplete")
        try:
            ders.append(base64.b64decode(b"".join(body.split()), validate=True))
        except binascii.Error as exc:
            raise CertificateError(
                f"CERTIFICATE block {number} is not valid base64, so the text is damaged or incomplete"
            ) from exc
    if not ders:
        raise CertificateError("contains no certificate, only: " + ", ".join(dict.fromkeys(others)))
    return ders


def _order(certificates: list[Certificate]) -> Bundle:
    """Find the one certificate that issued none of the others, and sort its issuers by distance.

    :raises CertificateError: if the certificates do not form one chain.
    """
    leaves = [
        candidate
        for candidate in certificates
        if not any(candidate.issued(other) for other in certificates if other.der != candidate.der)
    ]
    if len(leaves) != 1:
        raise CertificateError(
            "contains several certificates that are not one certificate and its issuers: "
            + "; ".join(_name(certificate) for certificate in leaves or certificates)
        )
    chain = [leaves[0]]
    pending = [certificate for certificate in certificates if certificate.der != leaves[0].der]
    for certificate in chain:  # the list grows during the iteration: each issuer may have an issuer, too
        issuers = [other for other in pending if other.issued(certificate)]
        pending = [other for other in pending if other not in issuers]
        chain.extend(issuers)
    if pending:
        raise CertificateError(
            f"contains certificates that are not issuers of {_name(chain[0])}: "
            + "; ".join(_name(certificate) for certificate in pending)
        )
    return Bundle(chain[0], tuple(chain[1:]))


def _name(certificate: Certificate) -> str:
    return certificate.subject or f"serial number {certificate.serial_number}"


@lru_cache(maxsize=16)
def parse_stored(content: str) -> Bundle | None:
    """Parse what a manager returns as C(base64EncodedContent).

    That is base64 of the DER (2025 and newer), or base64 of a whole PEM text (2024.09); PEM without base64 is accepted
    as well. The result is cached, because most environments of a list hold the same certificate.

    :returns: the bundle, or None if there is no certificate. Of a certificate that does not parse, only the fingerprints
        are known.
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
    certificates = [_parse_if_possible(der) for der in ders]
    try:
        return _order(certificates)
    except CertificateError:
        return Bundle(certificates[0], tuple(certificates[1:]))


def _parse_if_possible(der: bytes) -> Certificate:
    try:
        return parse_der(der)
    except CertificateError:
        return Certificate(der)


def subject_names(certificate: Certificate) -> frozenset[str]:
    """Return the DNS names (in lower case) and the IP addresses of a certificate (RFC 5280, section 4.2.1.6).

    For a certificate without subject alternative names, that is the common name, as old clients interpret it.

    :raises CertificateError: if the names cannot be read.
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
    """Check that a certificate is within its validity period (RFC 5280, section 4.1.2.5).

    :raises CertificateError: if it has expired or is not valid yet. The message names the date.
    """
    if certificate.not_after is not None and certificate.not_after < now:
        raise CertificateError(f"{_name(certificate)} expired on {iso(certificate.not_after)}")
    if certificate.not_before is not None and certificate.not_before > now:
        raise CertificateError(f"{_name(certificate)} is not valid before {iso(certificate.not_before)}")


def iso(moment: datetime) -> str:
    """Format a time as ISO 8601 in UTC with whole seconds and C(Z), such as C(2026-12-31T23:59:59Z)."""
    return moment.astimezone(timezone.utc).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
