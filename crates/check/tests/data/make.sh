#!/bin/sh
# Makes the certificates of this folder, and throws their private keys away. OpenSSL 3; see README.md.
set -e
made=$(mktemp -d)
touch "$made/index.txt"
cat > "$made/ca.cnf" <<'END'
[ca]
default_ca = lab
[lab]
database = $ENV::MADE/index.txt
new_certs_dir = $ENV::MADE
rand_serial = yes
unique_subject = no
policy = any
default_md = sha256
[any]
commonName = supplied
[authority]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[impostor]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = $ENV::KEY_ID
[hq]
subjectAltName = DNS:hq.example.net,IP:198.51.100.20,email:vpn@hq.example.net
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[branch]
subjectAltName = DNS:branch.example.net,IP:203.0.113.10
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[elsewhere]
subjectAltName = DNS:vpn.example.net,IP:198.51.100.99
keyUsage = critical,digitalSignature
[server]
subjectAltName = DNS:hq.example.net,IP:198.51.100.20
keyUsage = critical,keyEncipherment
extendedKeyUsage = serverAuth
[ike]
subjectAltName = DNS:hq.example.net
extendedKeyUsage = 1.3.6.1.5.5.7.3.17
END
export MADE=$made KEY_ID=00

P256="-algorithm EC -pkeyopt ec_paramgen_curve:P-256"
P384="-algorithm EC -pkeyopt ec_paramgen_curve:P-384"
P521="-algorithm EC -pkeyopt ec_paramgen_curve:P-521"
RSA2048="-algorithm RSA -pkeyopt rsa_keygen_bits:2048"
RSA1024="-algorithm RSA -pkeyopt rsa_keygen_bits:1024"
ED25519="-algorithm ED25519"
LONG="20250101000000Z 21250101000000Z"

# make NAME SUBJECT EXTENSIONS ISSUER FROM TO [KEY] [HOW IT IS SIGNED]
make() {
    openssl genpkey -out "$made/$1.key" ${7:-$RSA2048} 2> /dev/null
    openssl req -new -key "$made/$1.key" -subj "/CN=$2" -out "$made/$1.csr"
    if [ "$4" = "$1" ]; then by="-selfsign -keyfile $made/$1.key"
    else by="-cert $made/$4.pem -keyfile $made/$4.key"; fi
    openssl ca -batch -notext -config "$made/ca.cnf" -extensions "$3" -in "$made/$1.csr" \
        -startdate "$5" -enddate "$6" $by $8 -out "$made/$1.pem" 2> /dev/null
}
make authority    "Lab CA"           authority authority    $LONG
make stranger     "Another CA"       authority stranger     $LONG
# The same name as the first, another key.
make namesake     "Lab CA"           authority namesake     $LONG
# The same name and the same key identifier, another key.
KEY_ID=$(openssl x509 -in "$made/authority.pem" -noout -ext subjectKeyIdentifier | tail -1 | tr -d ' ')
make impostor     "Lab CA"           impostor  impostor     $LONG
make intermediate "Lab Sub-CA"       authority authority    $LONG
make good         hq.example.net     hq        authority    $LONG
make branch       branch.example.net branch    authority    $LONG
make below        hq.example.net     hq        intermediate $LONG
make forged       hq.example.net     hq        impostor     $LONG
make elsewhere    vpn.example.net    elsewhere authority    $LONG
make expired      hq.example.net     hq        authority    20240101000000Z 20251231235959Z
make future       hq.example.net     hq        authority    20260101000001Z 21250101000000Z
make server       hq.example.net     server    authority    $LONG
make ike          hq.example.net     ike       authority    $LONG
make weak         hq.example.net     hq        authority    $LONG "$RSA1024" "-md sha1"
for name in authority stranger namesake impostor intermediate good branch below forged elsewhere \
    expired future server ike weak; do
    cp "$made/$name.pem" "$name.pem"
done
head -3 good.pem > cut-off.pem

# One issuer of each kind of key; below it, what it signed in each way.
for key in RSA2048 RSA1024 P256 P384 P521 ED25519; do
    eval "kind=\$$key"
    make "$key" "$key" authority "$key" $LONG "$kind"
done
PSS="-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen"
: > algorithms.pem
# signed NAME ISSUER HOW
signed() {
    make leaf leaf hq "$2" $LONG "$P256" "$3"
    { echo "# $1"; cat "$made/leaf.pem" "$made/$2.pem"; } >> algorithms.pem
}
signed "RSA, SHA-1"                  RSA2048 "-md sha1"
signed "RSA, SHA-256"                RSA2048 "-md sha256"
signed "RSA, SHA-384"                RSA2048 "-md sha384"
signed "RSA, SHA-512"                RSA2048 "-md sha512"
signed "RSA of 1024 bits, SHA-256"   RSA1024 "-md sha256"
signed "RSA PSS, SHA-256"            RSA2048 "-md sha256 $PSS:32"
signed "RSA PSS, SHA-512"            RSA2048 "-md sha512 $PSS:64"
signed "P-256, SHA-1"                P256    "-md sha1"
signed "P-256, SHA-384"              P256    "-md sha384"
signed "P-384, SHA-384"              P384    "-md sha384"
signed "P-521, SHA-512"              P521    "-md sha512"
signed "Ed25519"                     ED25519 "-md null"
signed "untold: PSS, another salt"   RSA2048 "-md sha256 $PSS:20"
signed "untold: PSS, SHA-1"          RSA2048 "-md sha1 $PSS:20"
signed "untold: P-384, SHA-1"        P384    "-md sha1"
signed "untold: 1024 bits, SHA-384"  RSA1024 "-md sha384"
rm -r "$made"
