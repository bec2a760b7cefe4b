//! The binary: all it does is call the library's command line.

fn main() -> std::process::ExitCode {
    firedrill::cli::main()
}
