//! Files that others published: each is read, and every line that isn't obeyed is told.

use super::{check, check_findings};
use expect_test::expect_file;

macro_rules! samples {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            let text = include_str!(concat!("../../tests/data/", stringify!($name), ".ios"));
            let name = stringify!($name);
            check(text, expect_file![format!("../../tests/data/{name}.gateway")]);
            check_findings(text, expect_file![format!("../../tests/data/{name}.findings")]);
        }
    )*};
}

samples! {
    azure_asr_route_based
    azure_isr_policy_based
    azure_isr_route_based
    batfish_cisco_crypto
    batfish_ios_crypto_ipsec_profile
    batfish_ios_crypto_map
    batfish_ios_crypto_transform_set
    batfish_ios_ipsec_gh_5849
}
