//! SUM, AVG and the statistical aggregates, exact on NUMBER; usable OVER a window.

use rusqlite::Connection;
use rusqlite::functions::{Aggregate, Context, FunctionFlags, WindowAggregate};
use rusqlite::types::{Value as Sql, ValueRef};

use super::super::datetime::{ds_bytes, ds_from_bytes};
use super::super::error::{into_sqlite, plain};
use super::super::num::{Num, NumError};
use super::number_error;
use super::numbers::{double, float_of};

#[derive(Clone, Copy)]
enum Wanted {
    Sum,
    Average,
    VarianceSample,
    VariancePopulation,
    DeviationSample,
    DeviationPopulation,
}

/// Sum, sum of squares and count of NUMBERs.
struct Exact(Wanted);

#[derive(Default)]
struct Totals {
    count: i64,
    sum: Option<Num>,
    squares: Option<Num>,
}

impl Totals {
    fn take(&mut self, value: Num, sign: i64, with_squares: bool) -> Result<(), NumError> {
        let signed = if sign < 0 { value.neg() } else { value };
        self.count += sign;
        self.sum = Some(self.sum.unwrap_or(Num::ZERO).add(signed)?);
        if with_squares {
            let square = value.mul(value)?;
            let square = if sign < 0 { square.neg() } else { square };
            self.squares = Some(self.squares.unwrap_or(Num::ZERO).add(square)?);
        }
        Ok(())
    }

    fn result(&self, wanted: Wanted) -> Result<Option<Num>, NumError> {
        let (Some(sum), true) = (self.sum, self.count > 0) else { return Ok(None) };
        let count = Num::from_i64(self.count);
        let variance = |divisor: i64| -> Result<Num, NumError> {
            let mean_square = sum.mul(sum)?.div(count)?;
            let spread = self.squares.unwrap_or(Num::ZERO).sub(mean_square)?;
            let spread = if spread.is_negative() { Num::ZERO } else { spread };
            spread.div(Num::from_i64(divisor))
        };
        Ok(Some(match wanted {
            Wanted::Sum => sum,
            Wanted::Average => sum.div(count)?,
            Wanted::VarianceSample | Wanted::DeviationSample if self.count == 1 => Num::ZERO,
            Wanted::VarianceSample => variance(self.count - 1)?,
            Wanted::DeviationSample => variance(self.count - 1)?.sqrt()?,
            Wanted::VariancePopulation => variance(self.count)?,
            Wanted::DeviationPopulation => variance(self.count)?.sqrt()?,
        }))
    }
}

fn answer(result: Result<Option<Num>, NumError>) -> rusqlite::Result<Sql> {
    match result {
        Ok(Some(number)) => Ok(Sql::Blob(number.to_bytes())),
        Ok(None) => Ok(Sql::Null),
        Err(error) => Err(into_sqlite(number_error(error))),
    }
}

impl Exact {
    fn add(&self, context: &Context<'_>, totals: &mut Totals, sign: i64) -> rusqlite::Result<()> {
        let ValueRef::Blob(bytes) = context.get_raw(0) else { return Ok(()) };
        let with_squares = !matches!(self.0, Wanted::Sum | Wanted::Average);
        Num::from_bytes(bytes)
            .ok_or(NumError::Overflow)
            .and_then(|value| totals.take(value, sign, with_squares))
            .map_err(|error| into_sqlite(number_error(error)))
    }
}

impl Aggregate<Totals, Sql> for Exact {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Totals> {
        Ok(Totals::default())
    }

    fn step(&self, context: &mut Context<'_>, totals: &mut Totals) -> rusqlite::Result<()> {
        self.add(context, totals, 1)
    }

    fn finalize(&self, _: &mut Context<'_>, totals: Option<Totals>) -> rusqlite::Result<Sql> {
        answer(totals.unwrap_or_default().result(self.0))
    }
}

impl WindowAggregate<Totals, Sql> for Exact {
    fn value(&self, totals: Option<&mut Totals>) -> rusqlite::Result<Sql> {
        answer(totals.map_or(Ok(None), |totals| totals.result(self.0)))
    }

    fn inverse(&self, context: &mut Context<'_>, totals: &mut Totals) -> rusqlite::Result<()> {
        self.add(context, totals, -1)
    }
}

/// Sum (or average) of binary floats, and of INTERVAL DAY TO SECOND.
struct Other {
    average: bool,
    interval: bool,
}

#[derive(Default)]
struct OtherTotals {
    count: i64,
    float: f64,
    nanos: i128,
}

impl Other {
    fn add(
        &self,
        context: &Context<'_>,
        totals: &mut OtherTotals,
        sign: i64,
    ) -> rusqlite::Result<()> {
        let ValueRef::Blob(bytes) = context.get_raw(0) else { return Ok(()) };
        totals.count += sign;
        if self.interval {
            let nanos = ds_from_bytes(bytes).ok_or_else(|| into_sqlite(plain(1867)))?;
            totals.nanos += nanos * i128::from(sign);
        } else {
            totals.float += float_of(bytes).map_err(into_sqlite)? * sign as f64;
        }
        Ok(())
    }

    fn result(&self, totals: &OtherTotals) -> rusqlite::Result<Sql> {
        if totals.count == 0 {
            return Ok(Sql::Null);
        }
        let divisor = if self.average { totals.count } else { 1 };
        if self.interval {
            return Ok(Sql::Blob(ds_bytes(totals.nanos / i128::from(divisor))));
        }
        double(totals.float / divisor as f64).map_err(into_sqlite)
    }
}

impl Aggregate<OtherTotals, Sql> for Other {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<OtherTotals> {
        Ok(OtherTotals::default())
    }

    fn step(&self, context: &mut Context<'_>, totals: &mut OtherTotals) -> rusqlite::Result<()> {
        self.add(context, totals, 1)
    }

    fn finalize(&self, _: &mut Context<'_>, totals: Option<OtherTotals>) -> rusqlite::Result<Sql> {
        self.result(&totals.unwrap_or_default())
    }
}

impl WindowAggregate<OtherTotals, Sql> for Other {
    fn value(&self, totals: Option<&mut OtherTotals>) -> rusqlite::Result<Sql> {
        totals.map_or(Ok(Sql::Null), |totals| self.result(totals))
    }

    fn inverse(&self, context: &mut Context<'_>, totals: &mut OtherTotals) -> rusqlite::Result<()> {
        self.add(context, totals, -1)
    }
}

/// MEDIAN of NUMBERs.
struct Median;

impl Aggregate<Vec<Num>, Sql> for Median {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Vec<Num>> {
        Ok(Vec::new())
    }

    fn step(&self, context: &mut Context<'_>, values: &mut Vec<Num>) -> rusqlite::Result<()> {
        if let ValueRef::Blob(bytes) = context.get_raw(0) {
            values.push(Num::from_bytes(bytes).ok_or_else(|| into_sqlite(plain(1426)))?);
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, values: Option<Vec<Num>>) -> rusqlite::Result<Sql> {
        let mut values = values.unwrap_or_default();
        values.sort_unstable();
        let middle = values.len() / 2;
        answer(match values.len() {
            0 => Ok(None),
            count if count % 2 == 1 => Ok(Some(values[middle])),
            _ => values[middle - 1]
                .add(values[middle])
                .and_then(|sum| sum.div(Num::from_i64(2)))
                .map(Some),
        })
    }
}

pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    for (name, wanted) in [
        ("o_sum", Wanted::Sum),
        ("o_avg", Wanted::Average),
        ("o_variance", Wanted::VarianceSample),
        ("o_var_pop", Wanted::VariancePopulation),
        ("o_stddev", Wanted::DeviationSample),
        ("o_stddev_pop", Wanted::DeviationPopulation),
    ] {
        connection.create_window_function(name, 1, flags, Exact(wanted))?;
    }
    for (name, average, interval) in [
        ("o_f_sum", false, false),
        ("o_f_avg", true, false),
        ("o_ds_sum", false, true),
        ("o_ds_avg", true, true),
    ] {
        connection.create_window_function(name, 1, flags, Other { average, interval })?;
    }
    connection.create_aggregate_function("o_median", 1, flags, Median)
}
