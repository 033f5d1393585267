//! Expressions and conditions.

use sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, CeilFloorKind, DateTimeField, Expr, Ident, InTarget,
    Query, TrimWhereField, UnaryOperator, Value,
};

use super::super::catalog::Definition;
use super::super::error::{Result, ora, ora_at, plain, plain_at, unsupported};
use super::super::lexer::placeholder_index;
use super::super::settings::Generation;
use super::super::types::{Class, Kind, OraType};
use super::condition::comparison;
use super::convert::{
    cast, cast_type, convert, literal_bytes, literal_text, shown, to_number, to_text,
};
use super::operators::{
    add_intervals, arithmetic, boolean, concat, date_plus, divide, multiply, number_literal, shift,
    text_literal, unify, varying,
};
use super::{Translator, Typed, name_of};

/// A literal of `class` with its text, quoted.
fn string_of(value: &Value) -> Option<&str> {
    match value {
        Value::SingleQuotedString(text) | Value::NationalStringLiteral(text) => Some(text),
        Value::QuoteDelimitedStringLiteral(q) | Value::NationalQuoteDelimitedStringLiteral(q) => {
            Some(&q.value)
        }
        _ => None,
    }
}

impl Translator<'_> {
    /// Any expression; a condition has the type BOOLEAN.
    pub(crate) fn expression(&mut self, expression: &Expr) -> Result<Typed> {
        stacker_guard(&mut self.depth)?;
        let before = self.scopes.last().map_or(0, |s| s.ungrouped.len());
        let result = self.expression_inner(expression);
        self.depth -= 1;
        let typed = result?;
        if let Some(scope) = self.scopes.last_mut() {
            // ROLLUP and its like: NULL where the set leaves the expression out.
            if scope.in_aggregate == 0 && scope.left_out.contains(&typed.sql) {
                scope.ungrouped.truncate(before);
                return Ok(Typed::new("NULL", typed.ty));
            }
        }
        // A whole GROUP BY expression: the columns in it are all right.
        if let Some(scope) = self.scopes.last_mut()
            && scope.in_aggregate == 0
            && scope.keys.contains(&typed.sql)
        {
            scope.ungrouped.truncate(before);
        }
        Ok(typed)
    }

    fn expression_inner(&mut self, expression: &Expr) -> Result<Typed> {
        match expression {
            Expr::Identifier(ident) => self.identifier(std::slice::from_ref(ident)),
            Expr::CompoundIdentifier(parts) => self.identifier(parts),
            Expr::Nested(inner) => self.expression(inner),
            Expr::Value(value) => self.literal(&value.value),
            Expr::TypedString(typed) => {
                let text = string_of(&typed.value.value).ok_or_else(|| plain(936))?;
                let name = typed.data_type.to_string().to_uppercase();
                self.datetime_literal(&name, text)
            }
            Expr::Interval(interval) => self.interval(interval),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::UnaryOp { op, expr } => self.unary(op, expr),
            Expr::IsNull(inner) => self.is_null(inner, "IS NULL"),
            Expr::IsNotNull(inner) => self.is_null(inner, "IS NOT NULL"),
            Expr::IsTrue(inner) => self.is_truth(inner, "IS TRUE"),
            Expr::IsNotTrue(inner) => self.is_truth(inner, "IS NOT TRUE"),
            Expr::IsFalse(inner) => self.is_truth(inner, "IS FALSE"),
            Expr::IsNotFalse(inner) => self.is_truth(inner, "IS NOT FALSE"),
            Expr::Between { expr, negated, low, high } => {
                let value = self.expression(expr)?;
                let (low, high) = (self.expression(low)?, self.expression(high)?);
                let above = self.compare(&value, ">=", &low)?;
                let below = self.compare(&value, "<=", &high)?;
                let not = if *negated { "NOT " } else { "" };
                Ok(boolean(format!("({not}({} AND {}))", above.sql, below.sql)))
            }
            Expr::In { expr, target, negated, .. } => match target {
                InTarget::List(list) => self.in_list(expr, list, *negated),
                InTarget::Subquery(query) => self.in_subquery(expr, query, *negated),
                _ => Err(plain(936)),
            },
            Expr::Like { negated, any: _, expr, pattern, escape_char } => {
                let value = self.expression(expr)?;
                let pattern = self.expression(pattern)?;
                let value = to_text(&value, None)?.sql;
                let pattern = to_text(&pattern, None)?.sql;
                let not = if *negated { "NOT " } else { "" };
                Ok(boolean(match escape_char {
                    Some(escape) => {
                        let escape = self.expression(escape)?.sql;
                        format!("({not}o_like({value},{pattern},{escape}))")
                    }
                    None => format!("({not}o_like({value},{pattern}))"),
                }))
            }
            Expr::AnyOp { left, compare_op, right, .. } => {
                self.quantified(left, compare_op, right, false)
            }
            Expr::AllOp { left, compare_op, right } => {
                self.quantified(left, compare_op, right, true)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Cast { expr, data_type, .. } => {
                let target = cast_type(data_type, self.cast_types)?;
                let value = self.expression(expr)?;
                cast(&value, &target)
            }
            Expr::Extract { field, expr, .. } => self.extract(field, expr),
            Expr::Trim { trim_where, trim_what, expr, .. } => {
                let value = self.expression(expr)?;
                let what = match trim_what {
                    Some(what) => {
                        let what = self.expression(what)?;
                        to_text(&what, None)?.sql
                    }
                    None => "' '".to_owned(),
                };
                let function = match trim_where {
                    Some(TrimWhereField::Leading) => "o_ltrim",
                    Some(TrimWhereField::Trailing) => "o_rtrim",
                    _ => "o_trim",
                };
                let text = to_text(&value, None)?;
                Ok(varying(Typed::new(format!("{function}({},{what})", text.sql), text.ty)))
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let mut arguments = vec![expr.as_ref().clone()];
                arguments.extend(substring_from.as_deref().cloned());
                arguments.extend(substring_for.as_deref().cloned());
                self.call_plain("SUBSTR", &arguments)
            }
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                self.call_plain("CEIL", &[expr.as_ref().clone()])
            }
            Expr::Floor {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => self.call_plain("FLOOR", &[expr.as_ref().clone()]),
            Expr::AtTimeZone { timestamp, time_zone } => {
                let value = self.expression(timestamp)?;
                let zone = self.expression(time_zone)?;
                let ty = OraType::timestamp(Kind::TimestampTz, value.ty.scale);
                let zone = to_text(&zone, None)?.sql;
                Ok(Typed::new(format!("o_at_zone({},{zone})", shown(&value)), ty))
            }
            Expr::Function(function) => self.call(function),
            Expr::Exists { subquery, negated } => {
                let query = self.subquery(subquery)?;
                let not = if *negated { "NOT " } else { "" };
                Ok(boolean(format!("({not}EXISTS({}))", query.sql)).not_null())
            }
            Expr::Subquery(query) => self.scalar_subquery(query),
            Expr::Tuple(_) => Err(plain(907)),
            Expr::Prior(inner) => self.prior(inner),
            Expr::Prefixed { prefix, value }
                if prefix.value.eq_ignore_ascii_case("CONNECT_BY_ROOT") =>
            {
                self.connect_by_root(value)
            }
            Expr::Collate { expr, .. } => self.expression(expr),
            Expr::CompoundFieldAccess { root, access_chain } => {
                // A name whose last part is a keyword for sqlparser: `seq.nextval`, `t.level`.
                if let (Expr::Identifier(first), [AccessExpr::Dot(Expr::Identifier(last))]) =
                    (root.as_ref(), access_chain.as_slice())
                {
                    return self.identifier(&[first.clone(), last.clone()]);
                }
                Err(unsupported(format!("expression {expression}")))
            }
            Expr::OuterJoin(inner) => self.expression(inner),
            other => Err(unsupported(format!("expression {other}"))),
        }
    }

    /// A condition, as WHERE and the like take it.
    pub(crate) fn condition(&mut self, expression: &Expr) -> Result<String> {
        let typed = self.expression(expression)?;
        match typed.ty.kind {
            Kind::Boolean => Ok(typed.sql),
            Kind::Null if typed.sql.starts_with('?') => Ok(typed.sql),
            _ => Err(plain(920)),
        }
    }

    fn is_null(&mut self, inner: &Expr, test: &str) -> Result<Typed> {
        let value = self.expression(inner)?;
        Ok(boolean(format!("({} {test})", value.sql)).not_null())
    }

    fn is_truth(&mut self, inner: &Expr, test: &str) -> Result<Typed> {
        let value = self.expression(inner)?;
        let value = convert(&value, &OraType::BOOLEAN)?;
        Ok(boolean(format!("({} {test})", value.sql)).not_null())
    }

    fn literal(&mut self, value: &Value) -> Result<Typed> {
        match value {
            Value::Number(digits, _) => number_literal(digits),
            Value::Null => Ok(Typed::null()),
            Value::Boolean(truth) => {
                Ok(boolean(if *truth { "1" } else { "0" }.to_owned()).not_null())
            }
            Value::Placeholder(name) => {
                let index = placeholder_index(name).ok_or_else(|| plain(1745))?;
                Ok(self.bind(index))
            }
            other => {
                let text = string_of(other).ok_or_else(|| plain(936))?;
                let national = matches!(
                    other,
                    Value::NationalStringLiteral(_) | Value::NationalQuoteDelimitedStringLiteral(_)
                );
                Ok(text_literal(text, national))
            }
        }
    }

    pub(super) fn datetime_literal(&mut self, type_name: &str, text: &str) -> Result<Typed> {
        use super::super::datetime::Zoned;
        use super::super::format_date::parse_date;
        let today = self.environment.local()?;
        if type_name == "DATE" {
            let parsed = parse_date(text, "FXYYYY-MM-DD", &today)?;
            return Ok(
                Typed::new(literal_bytes(&parsed.moment.date_bytes()), OraType::DATE).not_null()
            );
        }
        let (body, zone) = split_zone(text);
        let format = match (body.contains(':'), body.contains('.')) {
            (true, true) => "YYYY-MM-DD HH24:MI:SS.FF",
            (true, false) => "YYYY-MM-DD HH24:MI:SS",
            _ => "YYYY-MM-DD",
        };
        let parsed = parse_date(body, format, &today)?;
        let digits = body.split_once('.').map_or(0, |(_, f)| f.trim().len().min(9)) as i8;
        match zone {
            None => {
                let ty = OraType::timestamp(Kind::Timestamp, digits);
                Ok(Typed::new(literal_bytes(&parsed.moment.bytes()), ty).not_null())
            }
            Some(zone) => {
                let minutes = super::super::datetime::parse_zone(zone)?;
                let zoned = Zoned::from_local(parsed.moment, minutes)?;
                let ty = OraType::timestamp(Kind::TimestampTz, digits);
                Ok(Typed::new(literal_bytes(&zoned.bytes()), ty).not_null())
            }
        }
    }

    /// A name: a column, a pseudo column, or a function without arguments.
    pub(super) fn identifier(&mut self, parts: &[Ident]) -> Result<Typed> {
        let last = parts.last().ok_or_else(|| plain(936))?;
        if last.quote_style.is_none() && parts.len() >= 2 {
            match name_of(last).as_str() {
                "NEXTVAL" => return self.sequence(&parts[..parts.len() - 1], "o_nextval"),
                "CURRVAL" => return self.sequence(&parts[..parts.len() - 1], "o_currval"),
                _ => {}
            }
        }
        if let Some(column) = self.find_column(parts)? {
            return Ok(column);
        }
        if let [single] = parts
            && single.quote_style.is_none()
            && let Some(value) = self.pseudo_column(single)?
        {
            return Ok(value);
        }
        Err(self.invalid_identifier(parts))
    }

    fn sequence(&mut self, parts: &[Ident], function: &str) -> Result<Typed> {
        let names: Vec<String> = parts.iter().map(name_of).collect();
        let (owner, name) = match names.as_slice() {
            [name] => (None, name),
            [owner, name] => (Some(owner.as_str()), name),
            _ => return Err(self.invalid_identifier(parts)),
        };
        let found = self.catalog.resolve(owner, &self.schema, name);
        let at = parts.last().map_or(0, |p| self.offset(p));
        match found {
            Some(object)
                if matches!(object.definition, Definition::Sequence(_))
                    && self.catalog.may_see(&self.rights, object) =>
            {
                self.volatile = true;
                let name = literal_text(&object.name);
                Ok(Typed::new(format!("{function}({},{name})", object.id), OraType::NUMBER))
            }
            _ => Err(plain_at(2289, at)),
        }
    }

    fn pseudo_column(&mut self, ident: &Ident) -> Result<Option<Typed>> {
        let at = self.offset(ident);
        let zoned = |function: &str| {
            Typed::new(format!("{function}()"), OraType::plain(Kind::TimestampTz)).not_null()
        };
        Ok(Some(match name_of(ident).as_str() {
            "SYSDATE" => Typed::new("o_sysdate()", OraType::DATE).not_null(),
            "CURRENT_DATE" => Typed::new("o_current_date()", OraType::DATE).not_null(),
            "SYSTIMESTAMP" => zoned("o_systimestamp"),
            "CURRENT_TIMESTAMP" => zoned("o_current_timestamp"),
            "LOCALTIMESTAMP" => {
                Typed::new("o_localtimestamp()", OraType::plain(Kind::Timestamp)).not_null()
            }
            "USER" => {
                Typed::new(literal_text(&self.environment.user), OraType::varchar(128)).not_null()
            }
            "UID" => {
                let id = self.catalog.users.get(&self.environment.user).map_or(0, |u| u.id);
                number_literal(&id.to_string())?
            }
            "SESSIONTIMEZONE" => Typed::new("o_session_zone()", OraType::varchar(75)),
            "DBTIMEZONE" => Typed::new("'+00:00'", OraType::varchar(6)),
            "ROWNUM" => {
                let scope = self.scope();
                scope.rownum_used = true;
                let sql = scope.rownum.clone().unwrap_or_else(|| "x'80'".to_owned());
                Typed::new(sql, OraType::NUMBER)
            }
            "LEVEL" => {
                let level =
                    self.scopes.last().and_then(|s| s.hierarchy.as_ref()).map(|h| h.level.clone());
                Typed::new(level.ok_or_else(|| plain_at(1788, at))?, OraType::NUMBER)
            }
            "CONNECT_BY_ISLEAF" => {
                let leaf = self
                    .scopes
                    .last()
                    .and_then(|s| s.hierarchy.as_ref())
                    .and_then(|h| h.is_leaf.clone());
                Typed::new(leaf.ok_or_else(|| plain_at(1788, at))?, OraType::NUMBER)
            }
            "CONNECT_BY_ISCYCLE" => number_literal("0")?,
            "TRUE" if self.environment.settings.generation >= Generation::V23 => {
                boolean("1".to_owned()).not_null()
            }
            "FALSE" if self.environment.settings.generation >= Generation::V23 => {
                boolean("0".to_owned()).not_null()
            }
            _ => return Ok(None),
        }))
    }

    fn unary(&mut self, op: &UnaryOperator, inner: &Expr) -> Result<Typed> {
        match op {
            UnaryOperator::Not => {
                let value = self.condition(inner)?;
                Ok(boolean(format!("(NOT {value})")))
            }
            UnaryOperator::Plus => self.expression(inner),
            UnaryOperator::Minus => {
                let value = self.expression(inner)?;
                if let (Kind::Number, Some(digits)) = (value.ty.kind, &value.constant) {
                    return number_literal(&format!("-{digits}"));
                }
                match value.ty.class() {
                    Class::IntervalYm => {
                        Ok(Typed::new(format!("o_ym_mul({},x'3e6466')", value.sql), value.ty))
                    }
                    Class::IntervalDs => {
                        Ok(Typed::new(format!("o_ds_mul({},x'3e6466')", value.sql), value.ty))
                    }
                    _ if matches!(value.ty.kind, Kind::BinaryDouble | Kind::BinaryFloat) => {
                        Ok(Typed::new(format!("o_f_neg({})", value.sql), value.ty))
                    }
                    _ => {
                        let number = to_number(&value)?;
                        Ok(Typed::new(format!("o_neg({})", number.sql), OraType::NUMBER))
                    }
                }
            }
            _ => Err(plain(936)),
        }
    }

    fn binary(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Result<Typed> {
        if let BinaryOperator::And | BinaryOperator::Or = op {
            let word = if matches!(op, BinaryOperator::And) { "AND" } else { "OR" };
            let (left, right) = (self.condition(left)?, self.condition(right)?);
            return Ok(boolean(format!("({left} {word} {right})")));
        }
        if let Some(comparison) = comparison(op) {
            if let (Expr::Tuple(left), Expr::Tuple(right)) = (left, right) {
                return self.compare_tuples(left, comparison, right);
            }
            if let (Expr::Function(function), _) = (right, ()) {
                let name = function.name.to_string().to_uppercase();
                if name == super::super::lexer::ANY_LIST || name == super::super::lexer::ALL_LIST {
                    let all = name == super::super::lexer::ALL_LIST;
                    return self.quantified_list(left, comparison, function, all);
                }
            }
            let left = self.expression(left)?;
            let right = self.expression(right)?;
            return self.compare(&left, comparison, &right);
        }
        let left = self.expression(left)?;
        let right = self.expression(right)?;
        match op {
            BinaryOperator::Plus => self.add(&left, &right),
            BinaryOperator::Minus => self.subtract(&left, &right),
            BinaryOperator::Multiply => multiply(&left, &right),
            BinaryOperator::Divide => divide(&left, &right),
            BinaryOperator::StringConcat => concat(&left, &right),
            _ => Err(plain(936)),
        }
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Result<Typed> {
        let operand = operand.map(|o| self.expression(o)).transpose()?;
        let mut tests = Vec::new();
        let mut results = Vec::new();
        for when in conditions {
            tests.push(match &operand {
                Some(operand) => {
                    let value = self.expression(&when.condition)?;
                    self.compare(operand, "=", &value)?.sql
                }
                None => self.condition(&when.condition)?,
            });
            results.push(self.expression(&when.result)?);
        }
        let has_else = otherwise.is_some();
        results.push(match otherwise {
            Some(otherwise) => self.expression(otherwise)?,
            None => Typed::null(),
        });
        let results = unify(&results)?;
        let ty = results.first().map_or(OraType::NULL, |r| r.ty);
        let mut sql = "CASE".to_owned();
        for (test, result) in tests.iter().zip(&results) {
            sql.push_str(&format!(" WHEN {test} THEN {}", result.sql));
        }
        if let (true, Some(last)) = (has_else, results.last()) {
            sql.push_str(&format!(" ELSE {}", last.sql));
        }
        sql.push_str(" END");
        let mut case = Typed::new(sql, ty);
        case.nullable = !has_else || results.iter().any(|r| r.nullable);
        Ok(case)
    }

    fn extract(&mut self, field: &DateTimeField, inner: &Expr) -> Result<Typed> {
        let value = self.expression(inner)?;
        let name = field.to_string().to_uppercase();
        let field = super::super::functions::field_code(&name).ok_or_else(|| plain(907))?;
        let prefix = match value.ty.class() {
            Class::IntervalYm => "YM:",
            Class::IntervalDs => "DS:",
            Class::Datetime | Class::Null => "",
            _ => return Err(ora(30076, "invalid extract field for extract source")),
        };
        if value.ty.kind == Kind::Date && !matches!(field, "YEAR" | "MONTH" | "DAY") {
            return Err(ora(30076, "invalid extract field for extract source"));
        }
        let ty = if matches!(field, "TIMEZONE_REGION" | "TIMEZONE_ABBR") {
            OraType::varchar(64)
        } else {
            OraType::NUMBER
        };
        Ok(Typed::new(format!("o_extract('{prefix}{field}',{})", shown(&value)), ty))
    }

    fn scalar_subquery(&mut self, query: &Query) -> Result<Typed> {
        let query = self.subquery(query)?;
        let [column] = query.columns.as_slice() else {
            return Err(plain(if query.columns.is_empty() { 936 } else { 913 }));
        };
        let sql = if query.single_row {
            format!("({})", query.sql)
        } else {
            format!("(SELECT o_single(count(*) OVER (), k0) FROM ({}) LIMIT 1)", query.sql)
        };
        Ok(Typed::new(sql, column.ty))
    }

    fn add(&self, left: &Typed, right: &Typed) -> Result<Typed> {
        match (left.ty.class(), right.ty.class()) {
            (Class::Datetime, Class::Datetime) => Err(ora(975, "date + date not allowed")),
            (Class::Datetime, Class::IntervalDs | Class::IntervalYm) => shift(left, right, 1),
            (Class::IntervalDs | Class::IntervalYm, Class::Datetime) => shift(right, left, 1),
            (Class::Datetime, _) => date_plus(left, right, false),
            (_, Class::Datetime) => date_plus(right, left, false),
            (Class::IntervalDs | Class::IntervalYm, _)
            | (_, Class::IntervalDs | Class::IntervalYm) => add_intervals(left, right, 1),
            _ => arithmetic("add", left, right),
        }
    }

    fn subtract(&self, left: &Typed, right: &Typed) -> Result<Typed> {
        match (left.ty.class(), right.ty.class()) {
            (Class::Datetime, Class::Datetime) => {
                if left.ty.kind == Kind::Date && right.ty.kind == Kind::Date {
                    return Ok(Typed::new(
                        format!("o_date_sub({},{})", left.sql, right.sql),
                        OraType::NUMBER,
                    ));
                }
                let ty = OraType::interval(Kind::IntervalDs, 9, left.ty.scale.max(right.ty.scale));
                Ok(Typed::new(format!("o_ts_sub({},{})", shown(left), shown(right)), ty))
            }
            (Class::Datetime, Class::IntervalDs | Class::IntervalYm) => shift(left, right, -1),
            (Class::Datetime, _) => date_plus(left, right, true),
            (Class::IntervalDs | Class::IntervalYm, _) => add_intervals(left, right, -1),
            (_, Class::Datetime) => Err(ora(
                932,
                format!(
                    "inconsistent datatypes: expected {} got {}",
                    left.ty.error_name(),
                    right.ty.error_name()
                ),
            )),
            _ => arithmetic("sub", left, right),
        }
    }
}

/// Refuses trees that would overflow the stack.
fn stacker_guard(depth: &mut usize) -> Result<()> {
    const MAX_DEPTH: usize = 400;
    *depth += 1;
    if *depth > MAX_DEPTH {
        *depth -= 1;
        return Err(ora_at(913, "too many values: the expression is nested too deeply", 0));
    }
    Ok(())
}

/// `2020-01-01 10:00:00 +02:00` without, and its zone.
fn split_zone(text: &str) -> (&str, Option<&str>) {
    let text = text.trim();
    let after_time = text.find(':').unwrap_or(text.len());
    let start = text[after_time..]
        .find(|c: char| c == '+' || c == '-' || c.is_ascii_alphabetic())
        .map(|at| after_time + at);
    match start {
        Some(at) => (text[..at].trim_end(), Some(text[at..].trim())),
        None => (text, None),
    }
}
