# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One X.509 certificate, and a certificate with its issuers. Pure: no files, no network, no Ansible.

The cryptography library is imported when the first certificate is parsed, because importing it takes time that a
command without certificates does not need to spend.
"""

from __future__ import annotations

import base64
import hashlib
import typing as t
import warnings
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property, lru_cache

from ansible_collections.apinizer.apiops.plugins.module_utils import _names
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError

if t.TYPE_CHECKING:
    from cryptography import x509

_Value = t.TypeVar("_Value")


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
        """The subject in the notation of RFC 4514, empty if the certificate has none, or None if it cannot be read."""
        return self._texts[0]

    @property
    def issuer(self) -> str | None:
        """The issuer in the notation of RFC 4514, or None if it cannot be read."""
        return self._texts[1]

    @cached_property
    def _texts(self) -> tuple[str | None, str | None]:
        """The subject and the issuer."""
        try:
            # Parsing again takes microseconds; keeping a thousand parsed objects costs more.
            return read_der(self.der, _texts_of_names)
        except CertificateError:
            return None, None

    @property
    def label(self) -> str:
        """What messages call the certificate: its subject, or its serial number if the subject is empty."""
        return self.subject or f"serial number {self.serial_number}"

    @cached_property
    def fingerprint_sha256(self) -> str:
        """The SHA-256 of the DER as lower-case hexadecimal digits."""
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def fingerprint_sha1(self) -> str:
        """The SHA-1 of the DER as lower-case hexadecimal digits. Only an identifier that the manager reports, not a proof."""
        return hashlib.sha1(self.der).hexdigest()  # noqa: S324

    @cached_property
    def public_key_sha256(self) -> str | None:
        """The SHA-256 of the SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7), or None if it cannot be read.

        Two certificates have the same key if and only if this is the same. The algorithm of the key need not be known.
        """
        try:
            info = read_der(self.der, lambda parsed: _names.read_public_key_info(parsed.tbs_certificate_bytes))
        except CertificateError:
            return None
        return hashlib.sha256(info).hexdigest()

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


def read_der(
    der: bytes, read: t.Callable[[x509.Certificate], _Value], problem: str = "not a readable certificate"
) -> _Value:
    """Load a certificate with the cryptography library, and read something from it.

    :arg problem: the message of the error. What cryptography says is for programmers.
    :raises CertificateError: if it is not a certificate, if cryptography rejects it, or if reading fails.
    """
    from cryptography import x509

    try:
        # Old certificates break rules that cryptography only warns about; a user cannot act on such a warning.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read(x509.load_der_x509_certificate(der))
    except Exception as exc:
        # Malformed input raises ValueError, TypeError, InvalidVersion and more, depending on the version.
        raise CertificateError(problem) from exc


@lru_cache(maxsize=64)
def parse_der(der: bytes) -> Certificate:
    """Parse one DER certificate. The result is cached, because the same certificate is sent and then read back.

    :raises CertificateError: if it is not a certificate, or one that cryptography rejects.
    """
    return read_der(
        der,
        lambda parsed: Certificate(
            der=der,
            serial_number=format(parsed.serial_number, "x"),
            not_before=_utc(parsed, "not_valid_before"),
            not_after=_utc(parsed, "not_valid_after"),
        ),
    )


def _utc(parsed: object, attribute: str) -> datetime:
    """Return a date of a parsed certificate with its time zone, which cryptography adds from version 42 on."""
    aware: datetime | None = getattr(parsed, attribute + "_utc", None)
    if aware is not None:
        return aware
    naive: datetime = getattr(parsed, attribute)
    return naive.replace(tzinfo=timezone.utc)


def names_of(parsed: x509.Certificate) -> tuple[_names.Name, _names.Name]:
    """Return the subject and the issuer of a certificate.

    :raises ValueError: if they cannot be read.
    """
    return _names.read_subject_and_issuer(parsed.tbs_certificate_bytes)


def _texts_of_names(parsed: x509.Certificate) -> tuple[str | None, str | None]:
    """Return the subject and the issuer in the notation of RFC 4514. A name that cannot be read is None."""
    try:
        texts = parsed.subject.rfc4514_string(), parsed.issuer.rfc4514_string()
        return _names.escape_hidden(texts[0]), _names.escape_hidden(texts[1])
    except (ValueError, TypeError, KeyError):  # which one depends on the version of cryptography
        pass
    try:
        subject, issuer = names_of(parsed)
    except ValueError:
        return None, None
    return _names.to_rfc4514(subject), _names.to_rfc4514(issuer)


def check_validity(certificate: Certificate, now: datetime) -> None:
    """Check that a certificate is within its validity period (RFC 5280, section 4.1.2.5).

    :raises CertificateError: if it has expired or is not valid yet. The message names the date.
    """
    if certificate.not_after is not None and certificate.not_after < now:
        raise CertificateError(f"{certificate.label} expired on {iso(certificate.not_after)}")
    if certificate.not_before is not None and certificate.not_before > now:
        raise CertificateError(f"{certificate.label} is not valid before {iso(certificate.not_before)}")


def iso(moment: datetime) -> str:
    """Format a time as ISO 8601 in UTC with whole seconds and C(Z), such as C(2026-12-31T23:59:59Z)."""
    return moment.astimezone(timezone.utc).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
