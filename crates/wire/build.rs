//! Generates the messages and the gRPC stubs from `proto/`.

fn main() -> std::io::Result<()> {
    tonic_prost_build::configure()
        .bytes(".")
        .skip_debug(CAPTURED)
        .compile_protos(
            &[
                "proto/eidetic/agent/v1/agent.proto",
                "proto/eidetic/agent/v1/control.proto",
            ],
            &["proto"],
        )
}

/// Messages with captured content: their `Debug` is written by hand and does not show it.
const CAPTURED: [&str; 2] = [
    ".eidetic.agent.v1.Activity",
    ".eidetic.agent.v1.SegmentBytes",
];
