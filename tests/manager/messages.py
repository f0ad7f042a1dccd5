# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manager's messages in each of its languages.

The English messages are the vendor's where its pages quote them. The Turkish ones are made up, since a client must not
depend on the wording.
"""

from __future__ import annotations

from typing import Literal

from .errors import Problem

Language = Literal["en", "tr"]

_NO_PROJECT = "Project ({subject}) is not found or user does not have privilege to access it!"
_PROJE_YOK = "Proje ({subject}) bulunamadı veya kullanıcının erişim yetkisi yok!"

PROBLEMS: dict[Language, dict[Problem, str]] = {
    "en": {
        Problem.TOKEN_MISSING: "Empty Key! Authorization header is required!",
        Problem.TOKEN_INVALID: "Token is not valid!",
        Problem.TOKEN_EXPIRED: "Token was expired!",
        Problem.PERMISSION_MISSING: "User does not have required permission for this operation!",
        Problem.PROJECT_MISSING: _NO_PROJECT,
        Problem.PROJECT_HIDDEN: _NO_PROJECT,
        Problem.ENVIRONMENT_MISSING: (
            "Environment ({subject}) is not found or user does not have privilege to access it!"
        ),
        Problem.CERTIFICATE_MISSING: "Certificate (name: {subject}) is not found!",
        Problem.CERTIFICATE_EXISTS: "Certificate (name: {subject}) is already exist!",
        Problem.ALIAS_USED: ("Alias ({subject}) is already used for another certificate, try changing this value!"),
        Problem.VALUE_EMPTY: "{subject} value can not be empty!",
        Problem.VALUE_INVALID: "{subject} value is not valid!",
        Problem.FILE_INVALID: "{subject} is not a valid certificate file!",
        Problem.PRIVATE_KEY: "{subject} must not contain a private key!",
        Problem.ARCHIVE_EMPTY: "This archive holds no importable material for certificate ({subject})!",
        Problem.TRUSTSTORE_UNAVAILABLE: "Environment ({subject}) reported no truststore certificate!",
    },
    "tr": {
        Problem.TOKEN_MISSING: "Anahtar boş! Authorization başlığı zorunludur!",
        Problem.TOKEN_INVALID: "Token geçerli değil!",
        Problem.TOKEN_EXPIRED: "Token süresi dolmuş!",
        Problem.PERMISSION_MISSING: "Kullanıcının bu işlem için gerekli yetkisi yok!",
        Problem.PROJECT_MISSING: _PROJE_YOK,
        Problem.PROJECT_HIDDEN: _PROJE_YOK,
        Problem.ENVIRONMENT_MISSING: "Ortam ({subject}) bulunamadı veya kullanıcının erişim yetkisi yok!",
        Problem.CERTIFICATE_MISSING: "Sertifika (adı: {subject}) bulunamadı!",
        Problem.CERTIFICATE_EXISTS: "Sertifika (adı: {subject}) zaten mevcut!",
        Problem.ALIAS_USED: (
            "Takma ad ({subject}) başka bir sertifika için kullanılıyor, bu değeri değiştirmeyi deneyin!"
        ),
        Problem.VALUE_EMPTY: "{subject} değeri boş olamaz!",
        Problem.VALUE_INVALID: "{subject} değeri geçerli değil!",
        Problem.FILE_INVALID: "{subject} geçerli bir sertifika dosyası değil!",
        Problem.PRIVATE_KEY: "{subject} özel anahtar içermemelidir!",
        Problem.ARCHIVE_EMPTY: "Bu arşivde sertifika ({subject}) için içe aktarılabilir içerik yok!",
        Problem.TRUSTSTORE_UNAVAILABLE: "Ortamın ({subject}) güven deposunda sertifika bulunamadı!",
    },
}

DEPLOYMENTS: dict[Language, dict[bool, str]] = {
    "en": {True: "Deployment completed successfully", False: "Deployment failed: worker is not reachable"},
    "tr": {True: "Dağıtım başarıyla tamamlandı", False: "Dağıtım başarısız: worker erişilebilir değil"},
}
"""The message of a deployment, by language and by whether it succeeded."""

FAILED_DEPLOYMENTS: dict[Language, str] = {
    "en": "Certificate was saved successfully but deployment to environments failed. Details: {details}",
    "tr": "Sertifika kaydedildi ancak ortamlara dağıtım başarısız oldu. Ayrıntılar: {details}",
}
"""The outer message of a failed deployment, which names the environments in `details`."""
