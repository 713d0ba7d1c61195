//! Every target: the program's name says which.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: {
        // libFuzzer's hook ends the process at every panic, but those that are caught are no faults.
        std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
    },
    |data: &[u8]| minkapi_fuzz::run(env!("CARGO_BIN_NAME"), data)
);
