# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that a certificate is valid for: DNS names, IP addresses, URIs and email addresses. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils import _names
from ansible_collections.apinizer.apiops.plugins.module_utils._certificate import Certificate, names_of, read_der

if t.TYPE_CHECKING:
    from cryptography import x509

_NOT_IN_HOST_NAMES = frozenset("@/:")
"""URIs, email addresses and IPv6 addresses have one of these."""


def subject_names(certificate: Certificate) -> frozenset[str]:
    """Return the DNS names, IP addresses, URIs and email addresses of a certificate (RFC 5280, section 4.2.1.6).

    The parts that are not case-sensitive are in lower case (sections 7.2, 7.4 and 7.5): DNS names, the scheme and the host
    of a URI, such as that of a SPIFFE ID, and the host of an email address.

    For a certificate without subject alternative names, it is the common name, as old clients interpret it.

    :raises CertificateError: if the names cannot be read.
    """
    return frozenset(read_der(certificate.der, _read, "its names cannot be read"))


def _read(parsed: x509.Certificate) -> list[str]:
    from cryptography import x509

    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        subject, _issuer = names_of(parsed)
        return [name.lower() for name in _names.texts_of(subject, _names.COMMON_NAME)]
    return [
        *(name.lower() for name in names.get_values_for_type(x509.DNSName)),
        *(str(address) for address in names.get_values_for_type(x509.IPAddress)),
        *(_comparable_uri(uri) for uri in names.get_values_for_type(x509.UniformResourceIdentifier)),
        *(_comparable_email(address) for address in names.get_values_for_type(x509.RFC822Name)),
    ]


def _comparable_uri(uri: str) -> str:
    scheme, colon, rest = uri.partition(":")
    if not rest.startswith("//"):
        return scheme.lower() + colon + rest
    end = min((at for at in (rest.find(mark, 2) for mark in "/?#") if at >= 0), default=len(rest))
    user, at_sign, host = rest[2:end].rpartition("@")
    return f"{scheme.lower()}://{user}{at_sign}{host.lower()}{rest[end:]}"


def _comparable_email(address: str) -> str:
    mailbox, at_sign, host = address.rpartition("@")
    return mailbox + at_sign + host.lower()


def covering_wildcard(name: str, names: frozenset[str]) -> str | None:
    """Return the wildcard among some names that matches a DNS name (RFC 9525, section 6.3), or None if none does.

    A wildcard stands for exactly one label, the left-most one, and only as the whole label. One directly below a top-level
    domain matches nothing, as in OpenSSL.

    :arg name, names: as C(subject_names) returns them.
    """
    label, _dot, parent = name.partition(".")
    is_host_name = not _NOT_IN_HOST_NAMES.intersection(name) and not name.rpartition(".")[2].isdigit()
    if not is_host_name or not label or "*" in label or "." not in parent:
        return None
    wildcard = f"*.{parent}"
    return wildcard if wildcard in names else None
