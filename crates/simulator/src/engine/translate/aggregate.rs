//! Aggregates and analytic functions with their windows.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, OrderByExpr, WindowFrame, WindowFrameBound, WindowSpec, WindowType,
};

use super::super::error::{Result, plain_at, unsupported};
use super::super::types::{Class, Kind, OraType};
use super::call::{plain_arguments, varying_if_text};
use super::convert::{convert, literal_text, to_integer, to_number, to_text};
use super::query::sort_key;
use super::{Translator, Typed};

impl Translator<'_> {
    pub(super) fn aggregate(
        &mut self,
        name: &str,
        function: &Function,
        at: usize,
    ) -> Result<Typed> {
        let is_window = function.over.is_some();
        let (star, distinct, arguments, clauses) = match &function.args {
            FunctionArguments::List(list) => {
                let star = matches!(
                    list.args.first(),
                    Some(FunctionArg::Unnamed(
                        FunctionArgExpr::Wildcard | FunctionArgExpr::WildcardWithOptions(_)
                    ))
                );
                let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
                let arguments = if star { Vec::new() } else { plain_arguments(function)? };
                (star, distinct, arguments, list.clauses.as_slice())
            }
            _ => (false, false, Vec::new(), [].as_slice()),
        };
        if !is_window {
            let scope = self.scope();
            if !scope.aggregates_allowed {
                return Err(plain_at(934, at));
            }
            if scope.in_aggregate > 0 {
                return Err(plain_at(935, at));
            }
            scope.aggregate_seen = true;
            scope.in_aggregate += 1;
        }
        let arguments: Result<Vec<Typed>> =
            arguments.into_iter().map(|a| self.expression(a)).collect();
        let order = self.order_list(&function.within_group);
        if !is_window {
            self.scope().in_aggregate -= 1;
        }
        let (a, order) = (arguments?, order?);
        let over = match &function.over {
            None => String::new(),
            Some(WindowType::WindowSpec(spec)) => format!(" OVER ({})", self.window(spec)?),
            Some(WindowType::NamedWindow(_)) => return Err(unsupported("named windows")),
        };
        let distinct = if distinct { "DISTINCT " } else { "" };
        let first = || a.first().ok_or_else(|| plain_at(909, at));
        let ignore_nulls = clauses.iter().any(|c| {
            matches!(
                c,
                FunctionArgumentClause::IgnoreOrRespectNulls(
                    sqlparser::ast::NullTreatment::IgnoreNulls
                )
            )
        }) || function.null_treatment
            == Some(sqlparser::ast::NullTreatment::IgnoreNulls);
        if ignore_nulls {
            return Err(unsupported("IGNORE NULLS"));
        }
        let number = |sql: String| Typed::new(sql, OraType::NUMBER);
        Ok(match name {
            "COUNT" if star => number(format!("o_num(count(*){over})")).not_null(),
            "COUNT" => number(format!("o_num(count({distinct}{}){over})", first()?.sql)).not_null(),
            "APPROX_COUNT_DISTINCT" => number(format!("o_num(count(DISTINCT {}))", first()?.sql)),
            "SUM" | "AVG" => {
                let value = first()?;
                let function = name.to_lowercase();
                match value.ty.class() {
                    Class::IntervalDs => {
                        let ty = OraType::interval(Kind::IntervalDs, 9, 9);
                        Typed::new(format!("o_ds_{function}({distinct}{}){over}", value.sql), ty)
                    }
                    _ if matches!(value.ty.kind, Kind::BinaryDouble | Kind::BinaryFloat) => {
                        Typed::new(
                            format!("o_f_{function}({distinct}{}){over}", value.sql),
                            OraType::plain(Kind::BinaryDouble),
                        )
                    }
                    _ => number(format!("o_{function}({distinct}{}){over}", to_number(value)?.sql)),
                }
            }
            "RATIO_TO_REPORT" => {
                let value = to_number(first()?)?.sql;
                number(format!("o_div({value},o_sum({value}){over})"))
            }
            "MEDIAN" => number(format!("o_median({})", to_number(first()?)?.sql)),
            "STDDEV" | "STDDEV_SAMP" | "VARIANCE" | "VAR_SAMP" | "STDDEV_POP" | "VAR_POP" => {
                let function = match name {
                    "STDDEV" | "STDDEV_SAMP" => "o_stddev",
                    "VARIANCE" | "VAR_SAMP" => "o_variance",
                    "STDDEV_POP" => "o_stddev_pop",
                    _ => "o_var_pop",
                };
                number(format!("{function}({distinct}{}){over}", to_number(first()?)?.sql))
            }
            "MIN" | "MAX" | "ANY_VALUE" => {
                let value = first()?;
                let function = if name == "MIN" { "min" } else { "max" };
                varying_if_text(Typed::new(
                    format!("{function}({distinct}{}){over}", value.sql),
                    value.ty,
                ))
            }
            "LISTAGG" | "WM_CONCAT" => {
                let value = to_text(first()?, None)?.sql;
                let separator = match (name, a.get(1)) {
                    ("WM_CONCAT", _) => literal_text(","),
                    (_, Some(separator)) => format!("coalesce({},'')", separator.sql),
                    (_, None) => literal_text(""),
                };
                let order = if order.is_empty() || !distinct.is_empty() {
                    String::new()
                } else {
                    format!(" ORDER BY {order}")
                };
                let list = if distinct.is_empty() {
                    format!("group_concat({value},{separator}{order}){over}")
                } else {
                    // SQLite's DISTINCT takes one argument only; its separator is a comma.
                    format!("replace(group_concat(DISTINCT {value}),',',{separator})")
                };
                Typed::new(list, OraType::varchar(4000))
            }
            "ROW_NUMBER" | "RANK" | "DENSE_RANK" => {
                number(format!("o_num({}(){over})", name.to_lowercase())).not_null()
            }
            "PERCENT_RANK" | "CUME_DIST" => {
                let real = format!("{}(){over}", name.to_lowercase());
                number(format!("o_to_number(printf('%.17g',{real}))"))
            }
            "NTILE" => number(format!("o_num(ntile({}){over})", to_integer(first()?)?)),
            "LAG" | "LEAD" => {
                let mut list = vec![first()?.sql.clone()];
                if let Some(offset) = a.get(1) {
                    list.push(to_integer(offset)?);
                }
                if let Some(otherwise) = a.get(2) {
                    list.push(convert(otherwise, &a[0].ty)?.sql);
                }
                Typed::new(format!("{}({}){over}", name.to_lowercase(), list.join(",")), a[0].ty)
            }
            "FIRST_VALUE" | "LAST_VALUE" => {
                let value = first()?;
                Typed::new(format!("{}({}){over}", name.to_lowercase(), value.sql), value.ty)
            }
            "NTH_VALUE" => {
                let value = first()?;
                let nth = a.get(1).ok_or_else(|| plain_at(938, at))?;
                Typed::new(format!("nth_value({},{}){over}", value.sql, to_integer(nth)?), value.ty)
            }
            _ => return Err(plain_at(904, at)),
        })
    }

    fn order_list(&mut self, order: &[OrderByExpr]) -> Result<String> {
        let mut keys = Vec::new();
        for item in order {
            let value = self.expression(&item.expr)?;
            keys.push(sort_key(&value, item));
        }
        Ok(keys.join(", "))
    }

    fn window(&mut self, spec: &WindowSpec) -> Result<String> {
        let mut text = String::new();
        if !spec.partition_by.is_empty() {
            let mut keys = Vec::new();
            for key in &spec.partition_by {
                keys.push(self.expression(key)?.sql);
            }
            text.push_str(&format!("PARTITION BY {}", keys.join(", ")));
        }
        if !spec.order_by.is_empty() {
            text.push_str(&format!(" ORDER BY {}", self.order_list(&spec.order_by)?));
        }
        if let Some(frame) = &spec.window_frame {
            text.push_str(&self.frame(frame)?);
        }
        Ok(text)
    }

    fn frame(&mut self, frame: &WindowFrame) -> Result<String> {
        let mut bound = |bound: &WindowFrameBound| -> Result<String> {
            Ok(match bound {
                WindowFrameBound::CurrentRow => "CURRENT ROW".to_owned(),
                WindowFrameBound::Preceding(None) => "UNBOUNDED PRECEDING".to_owned(),
                WindowFrameBound::Following(None) => "UNBOUNDED FOLLOWING".to_owned(),
                WindowFrameBound::Preceding(Some(n)) => {
                    format!("{} PRECEDING", self.frame_size(n)?)
                }
                WindowFrameBound::Following(Some(n)) => {
                    format!("{} FOLLOWING", self.frame_size(n)?)
                }
            })
        };
        let start = bound(&frame.start_bound)?;
        Ok(match &frame.end_bound {
            Some(end) => format!(" {} BETWEEN {start} AND {}", frame.units, bound(end)?),
            None => format!(" {} {start}", frame.units),
        })
    }

    fn frame_size(&mut self, size: &Expr) -> Result<String> {
        let size = self.expression(size)?;
        size.constant
            .filter(|c| c.bytes().all(|b| b.is_ascii_digit()))
            .ok_or_else(|| unsupported("a window frame whose size is not a whole number"))
    }
}
