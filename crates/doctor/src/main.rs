//! The command `oraedge`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use oraedge::auth::Secret;
use oraedge_doctor::{Patient, Report, diagnose, to_pem};

/// Oracle Database without Oracle's client.
#[derive(Parser)]
#[command(name = "oraedge", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Finds out why a connection fails, step by step. Ends with 1 if a step failed.
    Doctor(Doctor),
}

/// Passwords come from the environment: DB_PASSWORD and WALLET_PASSWORD.
#[derive(clap::Args)]
struct Doctor {
    /// host:port/service, a descriptor, or an alias of tnsnames.ora
    connect_string: String,
    /// Log on as this user (password in DB_PASSWORD)
    #[arg(long)]
    user: Option<String>,
    /// Certificates of authorities in PEM to trust instead of the public ones
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The wallet: its folder, a wallet.zip, or one of its files (password in WALLET_PASSWORD)
    #[arg(long, value_name = "PATH")]
    wallet_location: Option<PathBuf>,
    /// Write the last certificate that the server sent to this file, in PEM
    #[arg(long, value_name = "FILE")]
    save_root: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Command::Doctor(doctor) = Arguments::parse().command;
    match run(&doctor).await {
        Ok(report) if report.has_failed() => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

async fn run(doctor: &Doctor) -> Result<Report, String> {
    let secret = |name| std::env::var(name).ok().filter(|text| !text.is_empty()).map(Secret::from);
    let ca = doctor.ca.as_ref().map(|file| {
        std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
    });
    let report = diagnose(&Patient {
        connect_string: doctor.connect_string.clone(),
        user: doctor.user.clone(),
        password: secret("DB_PASSWORD").unwrap_or_default(),
        ca: ca.transpose()?,
        wallet_location: doctor.wallet_location.clone(),
        wallet_password: secret("WALLET_PASSWORD"),
    })
    .await;
    if doctor.json {
        println!("{:#}", report.to_json());
    } else {
        print!("{report}");
    }
    if let Some(file) = &doctor.save_root {
        let last =
            report.chain.last().ok_or("the server sent no certificate that could be saved")?;
        std::fs::write(file, to_pem(last))
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        eprintln!(
            "{} has the last certificate that the server sent. Compare its fingerprint with what the database's administrator says before you trust it.",
            file.display()
        );
    }
    Ok(report)
}
