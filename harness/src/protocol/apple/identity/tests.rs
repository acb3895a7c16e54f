//! Signatures hold, and every change to them is seen.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use der::asn1::OctetString;
use der::{Any, Decode as _, Encode as _};
use proptest::prelude::*;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::{
    ClientIdentity, IdentityIssuer, KeyKind, TrustAnchor, certificate_from_header,
    certificate_header, certificate_header_pem, oids, verify_certificate, verify_mdm_signature,
};

const BODY: &[u8] =
    b"<plist version=\"1.0\"><dict><key>Status</key><string>Idle</string></dict></plist>";

fn issuer() -> IdentityIssuer {
    IdentityIssuer::generate().expect("an issuer")
}

/// Takes a signature apart, changes it, and puts it together again.
fn altered(identity: &ClientIdentity, change: impl FnOnce(&mut SignedData)) -> String {
    let bytes = identity.cms(BODY, false).expect("a signature");
    let info = ContentInfo::from_der(&bytes).expect("CMS");
    let mut data: SignedData = info.content.decode_as().expect("signed data");
    change(&mut data);
    let content = Any::encode_from(&data).expect("encodes");
    STANDARD.encode(
        ContentInfo {
            content_type: info.content_type,
            content,
        }
        .to_der()
        .expect("encodes"),
    )
}

fn signer(data: &mut SignedData, change: impl FnOnce(&mut cms::signed_data::SignerInfo)) {
    let mut signers = data.signer_infos.0.clone().into_vec();
    change(&mut signers[0]);
    data.signer_infos.0 = signers.try_into().expect("one signer");
}

#[test]
fn signatures_of_both_kinds_hold_and_name_the_certificate() {
    let issuer = issuer();
    let anchor = issuer.trust_anchor();
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let identity = issuer.issue_kind(7, kind).expect("an identity");
        assert_eq!(identity.kind(), kind);
        let signature = identity.mdm_signature(BODY).expect("a signature");
        let by = verify_mdm_signature(&signature, BODY, &anchor).expect("holds");
        assert_eq!(by.subject, "CN=Virtual device 7");
        assert_eq!(
            by,
            verify_certificate(identity.certificate_der(), &anchor).expect("chains")
        );
        let again = issuer.issue_kind(7, kind).expect("an identity");
        assert_eq!(again.certificate_der(), identity.certificate_der());
    }
}

#[test]
fn what_does_not_fit_is_refused_with_the_reason() {
    let ours = issuer();
    let anchor = ours.trust_anchor();
    let identity = ours.issue(1).expect("an identity");
    let signature = identity.mdm_signature(BODY).expect("a signature");
    let other = issuer().issue(1).expect("an identity");
    let own_content = altered(&identity, |data| {
        data.encap_content_info.econtent =
            Some(Any::new(der::Tag::OctetString, BODY).expect("octets"));
    });
    let no_signer = altered(&identity, |data| {
        data.signer_infos.0 = Vec::new().try_into().expect("empty");
    });
    let no_certificate = altered(&identity, |data| data.certificates = None);
    let wrong_bytes = altered(&identity, |data| {
        signer(data, |signer| {
            signer.signature = OctetString::new(vec![0x30, 0]).expect("octets");
        });
    });
    let table: &[(&str, &str, &[u8])] = &[
        ("another digest was signed", &signature, b"another body"),
        (
            "the certificate is not from the CA",
            &other.mdm_signature(BODY).expect("a signature"),
            BODY,
        ),
        ("is not base64", "%%%", BODY),
        ("is not CMS", "AAAA", BODY),
        ("is longer than", &"A".repeat(70_000), BODY),
        ("carries its own content", &own_content, BODY),
        ("has not exactly one signer", &no_signer, BODY),
        ("certificate is not in the signature", &no_certificate, BODY),
        ("the signature is wrong", &wrong_bytes, BODY),
    ];
    for (reason, header, body) in table {
        let error = verify_mdm_signature(header, body, &anchor).expect_err(reason);
        assert!(error.0.contains(reason), "{reason}: {error}");
    }
}

#[test]
fn signatures_without_attributes_and_with_sha1_hold() {
    let issuer = issuer();
    let anchor = issuer.trust_anchor();
    let random = ring::rand::SystemRandom::new();

    let identity = issuer.issue(3).expect("an identity");
    let key = EcdsaKeyPair::from_pkcs8(
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        identity.key.serialized_der(),
        &random,
    )
    .expect("a key");
    let bare = altered(&identity, |data| {
        signer(data, |signer| {
            signer.signed_attrs = None;
            let signature = key.sign(&random, BODY).expect("signs");
            signer.signature = OctetString::new(signature.as_ref()).expect("octets");
        });
    });
    assert!(verify_mdm_signature(&bare, BODY, &anchor).is_ok());
    assert!(verify_mdm_signature(&bare, b"other", &anchor).is_err());

    let identity = issuer.issue_kind(3, KeyKind::Rsa2048).expect("an identity");
    let key = RsaKeyPair::from_pkcs8(identity.key.serialized_der()).expect("a key");
    let bare_algorithm = altered(&identity, |data| {
        signer(data, |signer| {
            signer.signed_attrs = None;
            // The bare key algorithm, as Go's PKCS#7 libraries write it.
            signer.signature_algorithm = AlgorithmIdentifierOwned {
                oid: oids::RSA,
                parameters: None,
            };
            let mut signature = vec![0; key.public().modulus_len()];
            key.sign(&RSA_PKCS1_SHA256, &random, BODY, &mut signature)
                .expect("signs");
            signer.signature = OctetString::new(signature).expect("octets");
        });
    });
    assert!(verify_mdm_signature(&bare_algorithm, BODY, &anchor).is_ok());
}

#[test]
fn certificate_headers_round_trip_in_both_forms() {
    let issuer = issuer();
    let identity = issuer.issue(9).expect("an identity");
    for header in [
        certificate_header(&identity),
        certificate_header_pem(&identity).expect("PEM"),
    ] {
        assert!(header.is_ascii() && !header.contains('\n'));
        let der = certificate_from_header(&header).expect("a certificate");
        assert_eq!(der, identity.certificate_der());
    }
    for broken in [":AAAA:", "::", "%4", "%zz", "hello", ""] {
        let verdict = certificate_from_header(broken)
            .and_then(|der| verify_certificate(&der, &issuer.trust_anchor()));
        assert!(verdict.is_err(), "{broken}");
    }
}

#[test]
fn an_authority_survives_pem_and_rejects_another_key() {
    let first = issuer();
    let loaded =
        IdentityIssuer::from_pem(first.certificate_pem(), &first.key_pem()).expect("loads");
    let signature = loaded
        .issue(1)
        .and_then(|identity| identity.mdm_signature(BODY))
        .expect("a signature");
    assert!(verify_mdm_signature(&signature, BODY, &first.trust_anchor()).is_ok());
    let other = issuer();
    let error = IdentityIssuer::from_pem(first.certificate_pem(), &other.key_pem())
        .expect_err("another key");
    assert!(error.0.contains("does not belong"), "{error}");
    assert!(IdentityIssuer::from_pem("nonsense", &other.key_pem()).is_err());
    assert!(IdentityIssuer::from_pem(first.certificate_pem(), "nonsense").is_err());
}

#[test]
fn dates_are_judged_when_an_instant_is_given() {
    let issuer = issuer();
    let identity = issuer.issue(1).expect("an identity");
    for (instant, holds) in [
        ("2026-01-01T00:00:00Z", true),
        ("2060-01-01T00:00:00Z", false),
    ] {
        let anchor = issuer
            .trust_anchor()
            .judged_at(instant.parse().expect("an instant"));
        let verdict = verify_certificate(identity.certificate_der(), &anchor);
        assert_eq!(verdict.is_ok(), holds, "{instant}: {verdict:?}");
    }
}

#[test]
fn a_server_certificate_is_not_an_identity() {
    let issuer = issuer();
    let certificate = issuer.certificate_for_test(rcgen::ExtendedKeyUsagePurpose::ServerAuth);
    let error =
        verify_certificate(&certificate, &issuer.trust_anchor()).expect_err("no client usage");
    assert!(error.0.contains("extended key usage"), "{error}");
    assert!(TrustAnchor::from_pem("nonsense").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_flipped_byte_of_a_signature_is_accepted_for_another_body(at in 0_usize..900, with in 1_u8..) {
        let issuer = issuer();
        let identity = issuer.issue(1).expect("an identity");
        let mut bytes = identity.cms(BODY, false).expect("a signature");
        let at = at % bytes.len();
        bytes[at] ^= with;
        // A flip may hit a field that is not signed (such as a version); the body stays bound in any case.
        let header = STANDARD.encode(bytes);
        let _ = verify_mdm_signature(&header, BODY, &issuer.trust_anchor());
        prop_assert!(verify_mdm_signature(&header, b"another body", &issuer.trust_anchor()).is_err());
    }
}

#[test]
fn signatures_made_by_openssl_hold() {
    let anchor = TrustAnchor::from_pem(include_str!("fixtures/openssl-ca.pem")).expect("a CA");
    let ours = issuer().trust_anchor();
    let signatures: Vec<_> = include_str!("fixtures/openssl-signatures.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect();
    assert_eq!(signatures.len(), 7);
    for (name, signature) in signatures {
        if name == "p256-indefinite-length" {
            let error = verify_mdm_signature(signature, BODY, &anchor).expect_err(name);
            assert!(error.0.contains("carries its own content"), "{error}");
            continue;
        }
        let by = verify_mdm_signature(signature, BODY, &anchor).unwrap_or_else(|error| {
            panic!("{name}: {error}");
        });
        let kind = name.split('-').next().unwrap_or_default();
        assert_eq!(by.subject, format!("CN=openssl {kind}"), "{name}");
        assert!(
            verify_mdm_signature(signature, b"other", &anchor).is_err(),
            "{name}"
        );
        assert!(
            verify_mdm_signature(signature, BODY, &ours).is_err(),
            "{name}"
        );
    }
}

#[test]
fn lengths_are_encoded_as_der_wants() {
    for (length, head) in [
        (0, vec![4, 0]),
        (127, vec![4, 127]),
        (128, vec![4, 0x81, 128]),
        (255, vec![4, 0x81, 255]),
        (256, vec![4, 0x82, 1, 0]),
        (65_536, vec![4, 0x83, 1, 0, 0]),
    ] {
        let content = vec![7; length];
        let element = super::tlv(super::OCTET_STRING, &[&content]);
        assert_eq!(&element[..head.len()], head, "{length}");
        let parsed = OctetString::from_der(&element).expect("DER");
        assert_eq!(parsed.as_bytes(), content);
    }
}
