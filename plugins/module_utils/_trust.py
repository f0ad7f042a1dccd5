# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a certificate was issued under one of some trust anchors. Pure.

From the path validation of RFC 5280, section 6, this checks the names, the signatures, the dates, and that issuers are
authorities (6.1.3 a 1, 2 and 4; 6.1.4 k and n). It does not check revocation, path lengths, policies and name constraints,
which are up to those who use the certificate.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._certificate import (
    Bundle,
    Certificate,
    check_validity,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._chain import claims_to_be_issued_by, verifies
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError
from ansible_collections.apinizer.apiops.plugins.module_utils._usage import usage_of


def trust_problem(bundle: Bundle, anchors: Sequence[Certificate], now: datetime) -> str | None:
    """Return why a certificate does not chain to any of the trust anchors, or None if it does.

    :arg bundle: the certificate, and the issuers between it and an anchor. An anchor that is sent with it, or is the
        certificate itself, is trusted because it is among the anchors.
    :arg now: the time at which each certificate of the chain must be valid, the anchor included.
    """
    search = _Search(bundle, anchors, now)
    return None if search.reaches_anchor(bundle.leaf) else search.problems[0]


class _Search:
    def __init__(self, bundle: Bundle, anchors: Sequence[Certificate], now: datetime) -> None:
        self._issuers = bundle.issuers
        self._anchors = anchors
        self._now = now
        self._visited: set[bytes] = set()
        self.problems: list[str] = []
        """Why each path ended, the most specific reasons first."""

    def reaches_anchor(self, certificate: Certificate) -> bool:
        """Whether there is a path from a certificate to an anchor. Each certificate is visited once."""
        self._visited.add(certificate.der)
        if not self._is_valid(certificate):
            return False
        if certificate.der in {anchor.der for anchor in self._anchors}:
            return True
        anchors = [anchor for anchor in self._anchors if claims_to_be_issued_by(certificate, anchor)]
        if any(self._is_signed_by(certificate, anchor) and self._is_valid(anchor) for anchor in anchors):
            return True
        issuers = [
            issuer
            for issuer in self._issuers
            if issuer.der not in self._visited and claims_to_be_issued_by(certificate, issuer)
        ]
        if not anchors and not issuers:
            self.problems.append(
                f"{certificate.label} was issued by {certificate.issuer or 'an unreadable issuer'}, which is neither a trust "
                "anchor nor among the other issuers in its file"
            )
        return any(
            self._is_signed_by(certificate, issuer) and self._may_issue(issuer) and self.reaches_anchor(issuer)
            for issuer in issuers
        )

    def _is_valid(self, certificate: Certificate) -> bool:
        try:
            check_validity(certificate, self._now)
        except CertificateError as exc:
            self.problems.insert(0, str(exc))
            return False
        return True

    def _is_signed_by(self, certificate: Certificate, issuer: Certificate) -> bool:
        verified = verifies(issuer.der, certificate.der)
        if verified is None:
            self.problems.insert(
                0, f"this version of cryptography cannot verify the signature of {certificate.label} by {issuer.label}"
            )
        elif not verified:
            self.problems.insert(
                0,
                f"{certificate.label} is not signed by the key of {issuer.label} (serial number {issuer.serial_number})",
            )
        return verified is True

    def _may_issue(self, issuer: Certificate) -> bool:
        """Whether an issuer between the certificate and the anchor is an authority. The anchor itself is by definition."""
        try:
            usage = usage_of(issuer)
        except CertificateError as exc:
            self.problems.insert(0, f"{issuer.label}: {exc}")
            return False
        if usage.authority and (usage.key is None or "keyCertSign" in usage.key):
            return True
        self.problems.insert(0, f"{issuer.label} is not a certificate authority, so it may not issue certificates")
        return False
