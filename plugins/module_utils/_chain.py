# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate and its issuers: who issued whom, and in which order they are sent. Pure.

A certificate names its issuer, but any authority can have that name; only the signature tells. Names are compared as RFC
5280, section 7.1 requires. A name whose strings can be read in several ways may not match although it is the same: then
key identifiers (sections 4.2.1.1 and 4.2.1.2) point to the issuer. A signature that this version of cryptography cannot
verify decides nothing: then the name or the key identifier must match, and the key identifiers must not differ.
"""

from __future__ import annotations

import typing as t
from collections.abc import Hashable, Iterable, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache

from ansible_collections.apinizer.apiops.plugins.module_utils import _names
from ansible_collections.apinizer.apiops.plugins.module_utils._certificate import (
    Bundle,
    Certificate,
    names_of,
    read_der,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError

if t.TYPE_CHECKING:
    from cryptography import x509

_LONGEST = 100
"""Certificates. As deep as OpenSSL follows a chain; real chains have fewer than ten."""
_NAMED = 5
"""How many certificates a message names."""


def order_chain(certificates: Sequence[Certificate], *, verify: bool = True) -> Bundle:
    """Find the one certificate that issued none of the others, and sort its issuers by distance.

    :arg certificates: at least one, each once, in any order.
    :arg verify: whether a signature can refute that a certificate issued another one.
    :raises CertificateError: if the certificates do not form one chain.
    """
    if len(certificates) == 1:
        return Bundle(certificates[0])
    if len(certificates) > _LONGEST:
        raise CertificateError(f"contains {len(certificates)} certificates. Provide one certificate and its issuers")
    links = [_link(certificate) for certificate in certificates]
    chain = _Chain(links, verify=verify)
    if ordered := chain.ordered():
        return Bundle(ordered[0].certificate, tuple(link.certificate for link in ordered[1:]))
    # Only where the names form a chain is a signature what is wrong with it.
    broken = chain.broken() if _Chain(links, verify=False).ordered() else []
    if broken:
        raise CertificateError(
            "contains a chain whose signatures do not verify: "
            + _listed(
                f"{link.certificate.label} is not signed by the key of {issuer.certificate.label} "
                f"(serial number {issuer.certificate.serial_number})"
                for link, issuer in broken
            )
            + ". Provide the issuers that signed the certificate, or the certificate without issuers"
        )
    leaves = chain.leaves()
    if len(leaves) != 1:
        raise CertificateError(
            "contains several certificates that are not one certificate and its issuers: "
            + _listed(link.certificate.label for link in leaves or links)
        )
    reached = chain.reached_from(leaves[0])
    raise CertificateError(
        f"contains certificates that are not issuers of {leaves[0].certificate.label}: "
        + _listed(link.certificate.label for link in links if link not in reached)
    )


def _listed(texts: Iterable[str]) -> str:
    every = list(texts)
    more = [f"and {len(every) - _NAMED} more"] if len(every) > _NAMED else []
    return "; ".join([*every[:_NAMED], *more])


class _Link:
    """A certificate, and what tells whether it issued another one, or another one issued it.

    Of a certificate that does not parse, everything is None, so it is linked to no other one.
    """

    def __init__(self, certificate: Certificate) -> None:
        self.certificate = certificate
        self.subject: Hashable | None = None
        self.issuer: Hashable | None = None
        self.certain = False
        with suppress(CertificateError):
            read_der(certificate.der, self._read)

    def _read(self, parsed: x509.Certificate) -> None:
        subject, issuer = names_of(parsed)
        self.subject, self.issuer = _names.comparable(subject), _names.comparable(issuer)
        self.certain = _names.is_certain(subject) and _names.is_certain(issuer)

    @property
    def key_identifier(self) -> bytes | None:
        return self._key_identifiers[0]

    @property
    def issuer_key_identifier(self) -> bytes | None:
        return self._key_identifiers[1]

    @cached_property
    def _key_identifiers(self) -> tuple[bytes | None, bytes | None]:
        """The identifiers of the certificate's key and of its issuer's key. Most chains do not need them."""
        try:
            return read_der(self.certificate.der, _read_key_identifiers)
        except CertificateError:
            return None, None

    @cached_property
    def signed_itself(self) -> bool:
        """Whether the certificate is self-signed, like those of root authorities."""
        return self.subject == self.issuer and verifies(self.certificate.der, self.certificate.der) is not False


@lru_cache(maxsize=256)
def _link(certificate: Certificate) -> _Link:
    """The result is cached, because many certificates have the same issuers."""
    return _Link(certificate)


class _Chain:
    """Several certificates, and who issued whom among them."""

    def __init__(self, links: Sequence[_Link], *, verify: bool) -> None:
        self.links = links
        self._claimed: dict[_Link, list[_Link]] = {
            link: [other for other in links if other is not link and _claims(link, other)] for link in links
        }
        self._issuers = {
            link: [issuer for issuer in issuers if not verify or _issued(issuer, link)]
            for link, issuers in self._claimed.items()
        }

    def ordered(self) -> list[_Link] | None:
        """The certificate and its issuers, nearest first, or None if the certificates do not form one chain."""
        leaves = self.leaves()
        reached = self.reached_from(leaves[0]) if len(leaves) == 1 else []
        return reached if len(reached) == len(self.links) else None

    def leaves(self) -> list[_Link]:
        """The certificates that issued none of the others."""
        used = {issuer for issuers in self._issuers.values() for issuer in issuers}
        return [link for link in self.links if link not in used]

    def reached_from(self, link: _Link) -> list[_Link]:
        """The certificate, its issuers, their issuers, and so on, each once."""
        reached = [link]
        for one in reached:  # the list grows during the iteration
            issuers = self._issuers[one]
            reached.extend(other for other in self.links if other in issuers and other not in reached)
        return reached

    def broken(self) -> list[tuple[_Link, _Link]]:
        """Pairs of a certificate and one that claims to be its issuer, but neither issued it nor one of its issuers."""
        pairs = []
        for link, every in self._claimed.items():
            if not link.signed_itself:
                reached = self.reached_from(link)
                pairs += [(link, claimed) for claimed in every if claimed not in reached]
        return pairs


def _claims(link: _Link, other: _Link) -> bool:
    """Whether the other certificate is the issuer that the first one names, by its name or by its key identifier."""
    if link.issuer is not None and link.issuer == other.subject:
        return True
    if link.certain and other.certain:
        return False
    return link.issuer_key_identifier is not None and link.issuer_key_identifier == other.key_identifier


def _issued(issuer: _Link, link: _Link) -> bool:
    """Whether a certificate issued another one that names it as its issuer."""
    verified = verifies(issuer.certificate.der, link.certificate.der)
    if verified is not None:
        return verified
    return (
        None in (link.issuer_key_identifier, issuer.key_identifier)
        or link.issuer_key_identifier == issuer.key_identifier
    )


def _read_key_identifiers(parsed: x509.Certificate) -> tuple[bytes | None, bytes | None]:
    from cryptography import x509

    extensions = parsed.extensions
    found: list[bytes | None] = []
    for extension, attribute in (
        (x509.SubjectKeyIdentifier, "digest"),
        (x509.AuthorityKeyIdentifier, "key_identifier"),
    ):
        try:
            found.append(getattr(extensions.get_extension_for_class(extension).value, attribute))
        except x509.ExtensionNotFound:
            found.append(None)
    return found[0], found[1]


def claims_to_be_issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether a certificate names another one as its issuer. Only the signature tells if it is."""
    return _claims(_link(certificate), _link(issuer))


@lru_cache(maxsize=256)
def verifies(issuer: bytes, certificate: bytes) -> bool | None:
    """Verify the signature of a certificate with the key of another one.

    C(verify_directly_issued_by) of cryptography 40 cannot be used: it compares the names character by character.

    :arg issuer, certificate: DER. The result is cached, because many certificates have the same issuers.
    :returns: None if this version of cryptography cannot tell, for example because it does not know the algorithm.
    """
    try:
        return read_der(issuer, lambda parsed: read_der(certificate, lambda other: _signed(other, parsed)))
    except CertificateError:
        return None


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the key of the issuer signed the certificate. Raises anything if that cannot be verified."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa

    key: t.Any = issuer.public_key()
    arguments: list[t.Any] = []
    if isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey, dsa.DSAPublicKey)):
        # For RSASSA-PSS, cryptography before version 41 raises UnsupportedAlgorithm here.
        algorithm = certificate.signature_hash_algorithm
        if algorithm is None:
            return False  # Ed25519 and Ed448, which sign with keys of their own kind
        if isinstance(key, rsa.RSAPublicKey):
            given = getattr(certificate, "signature_algorithm_parameters", None)
            arguments = [given if isinstance(given, padding.PSS) else padding.PKCS1v15(), algorithm]
        elif isinstance(key, ec.EllipticCurvePublicKey):
            arguments = [ec.ECDSA(algorithm)]
        else:
            arguments = [algorithm]
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, *arguments)
    except InvalidSignature:
        return False
    return True
