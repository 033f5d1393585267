//! Procedures and functions of the database.

use std::sync::Arc;

use sqlparser::tokenizer::TokenWithSpan;

use super::super::catalog::{Definition, StoredProgram};
use super::super::ddl::{Ddl, taken, time};
use super::super::error::{Result, ora, plain};
use super::super::lexer::lex;
use super::super::session::Session;
use super::block::separate_ranges;
use super::code::Code;
use super::compiler::{Compiler, Open};
use super::errors::compile_error;
use super::scope::Signature;

impl Session {
    /// CREATE PROCEDURE and CREATE FUNCTION. As in Oracle, one that does not compile is kept.
    pub(in super::super) fn create_program(
        &mut self,
        ddl: &mut Ddl<'_>,
        replace: bool,
    ) -> Result<()> {
        let text = ddl.positions.text().get(ddl.at()..).unwrap_or_default().trim_end().to_owned();
        let is_function = ddl.cursor.is("FUNCTION");
        ddl.cursor.at += 1;
        let name = ddl.name()?;
        let generation = ddl.generation;
        // Against itself as well: the name is taken before the text is compiled.
        let outer = self.swap_schema(name.owner.clone());
        let valid = self.compile_stored(&name.owner, &name.name, &text).is_ok();
        self.swap_schema(outer);
        self.change_catalog(move |catalog, _| {
            if let Some(object) = catalog.find(&name.owner, &name.name) {
                let id = object.id;
                if !(replace && matches!(object.definition, Definition::Program(_))) {
                    return Err(taken(&name, generation));
                }
                catalog.remove(id);
            }
            let id = catalog.next_id();
            let definition = Definition::Program(StoredProgram { is_function, text, valid });
            catalog.add(id, &name.owner, &name.name, definition, time())
        })
    }

    /// DROP PROCEDURE and DROP FUNCTION.
    pub(in super::super) fn drop_program(
        &mut self,
        ddl: &mut Ddl<'_>,
        is_function: bool,
    ) -> Result<()> {
        let if_exists = ddl.if_exists();
        let name = ddl.name()?;
        self.change_catalog(move |catalog, _| {
            let found = catalog.find(&name.owner, &name.name).filter(|object| {
                matches!(&object.definition, Definition::Program(p) if p.is_function == is_function)
            });
            match found.map(|object| object.id) {
                Some(id) => {
                    catalog.remove(id);
                    Ok(())
                }
                None if if_exists => Ok(()),
                None => Err(ora(4043, format!("object {} does not exist", name.name))),
            }
        })
    }

    /// The stored program that a name means: its owner, its name, how it is called.
    pub(super) fn stored_signature(
        &mut self,
        parts: &[String],
    ) -> Result<Option<(String, String, Arc<Signature>)>> {
        let catalog = self.catalog();
        let schema = self.current_schema();
        let object = match parts {
            [name] => catalog.resolve(None, &schema, name),
            [owner, name] => catalog.resolve(Some(owner), &schema, name),
            _ => None,
        };
        let Some(object) = object else { return Ok(None) };
        let Definition::Program(program) = &object.definition else { return Ok(None) };
        let lexed = lex(&program.text)?;
        let tokens = separate_ranges(lexed.tokens);
        let outer = self.swap_schema(object.owner.clone());
        let mut compiler = Compiler::new(self, &tokens, &lexed.positions, &[]);
        let head = compiler.head();
        self.swap_schema(outer);
        let head = head?;
        let signature = Signature { formals: head.formals, returns: head.returns };
        Ok(Some((object.owner.clone(), object.name.clone(), Arc::new(signature))))
    }

    /// A stored program, compiled.
    pub(super) fn stored_code(&mut self, owner: &str, name: &str) -> Result<Arc<Code>> {
        let catalog = self.catalog();
        let key = (owner.to_owned(), name.to_owned());
        if let Some((version, code)) = self.plsql.compiled.get(&key)
            && *version == catalog.version
        {
            return Ok(Arc::clone(code));
        }
        let object = catalog.find(owner, name).ok_or_else(|| plain(4043))?;
        let Definition::Program(program) = &object.definition else { return Err(plain(4043)) };
        let outer = self.swap_schema(owner.to_owned());
        let code = self.compile_stored(owner, name, &program.text);
        self.swap_schema(outer);
        let code = Arc::new(code.map_err(|error| {
            let text = format!("PLS-00905: object {owner}.{name} is invalid");
            let positions = super::super::lexer::Positions::new("");
            let invalid = compile_error(&positions, 0, 0, &text);
            ora(6550, format!("{}\n{}", &invalid.message[11..], error.message))
        })?);
        self.plsql.compiled.insert(key, (catalog.version, Arc::clone(&code)));
        Ok(code)
    }

    /// Compiles the text of a procedure or function.
    pub(super) fn compile_stored(&mut self, owner: &str, name: &str, text: &str) -> Result<Code> {
        let lexed = lex(text)?;
        let tokens: Vec<TokenWithSpan> = separate_ranges(lexed.tokens);
        let mut compiler = Compiler::new(self, &tokens, &lexed.positions, &[]);
        // The name is known inside, so that it can call itself.
        compiler.open.push(Open::default());
        compiler.enter_scope();
        let index = compiler.program()?;
        Ok(compiler.finish(format!("\"{owner}.{name}\", "), index))
    }

    /// Sets where names are looked up; gives where they were.
    pub(super) fn swap_schema(&mut self, schema: String) -> String {
        std::mem::replace(&mut self.environment.state().schema, schema)
    }
}
