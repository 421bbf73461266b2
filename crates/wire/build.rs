//! Generates the messages and the gRPC stubs from `proto/`.

fn main() -> std::io::Result<()> {
    tonic_prost_build::configure()
        .bytes(".")
        .compile_protos(&["proto/eidetic/agent/v1/agent.proto"], &["proto"])
}
