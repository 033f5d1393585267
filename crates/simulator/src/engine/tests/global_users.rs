//! Users, roles and grants, and whom they let in.

use oraedge::wire::value::Value;

use super::{check, rows};
use crate::engine::{AuthenticationMethod, Database, Generation, NotAdmitted, Session, Settings};
use crate::identity::{Principal, PrincipalKind};

const GENERATIONS: [Generation; 5] =
    [Generation::V12, Generation::V18, Generation::V19, Generation::V21, Generation::V23];

fn database(generation: Generation, sample_global_users: bool) -> Database {
    let settings = Settings { generation, sample_global_users, ..Settings::default() };
    Database::in_memory(settings).unwrap()
}

fn principal(kind: PrincipalKind, name: &str, groups: &[&str]) -> Principal {
    Principal {
        kind,
        ocid: format!("ocid1.{name}"),
        name: name.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        roles: Vec::new(),
        tenancy: String::new(),
    }
}

fn admit(database: &Database, principal: &Principal) -> Result<Session, NotAdmitted> {
    database.global_session(principal, AuthenticationMethod::Token).unwrap()
}

const WHO: &str = "select user, sys_context('userenv', 'session_user'), \
    sys_context('userenv', 'current_user'), sys_context('userenv', 'current_schema'), \
    sys_context('userenv', 'authenticated_identity'), \
    sys_context('userenv', 'authentication_method'), \
    sys_context('userenv', 'identification_type'), \
    sys_context('userenv', 'enterprise_identity') from dual";

#[test]
fn the_guides_statements_make_users_that_principals_get() {
    for generation in GENERATIONS {
        let database = database(generation, false);
        let mut admin = database.session("ADMIN").unwrap();
        check(
            &mut admin,
            &[
                ("select value from v$parameter where name = 'identity_provider_type'", "NONE"),
                (
                    "begin dbms_cloud_admin.enable_external_authentication( type => 'OCI_IAM' ); end;",
                    "0 rows",
                ),
                (
                    "select name, value from v$parameter where name = 'identity_provider_type'",
                    "identity_provider_type|OCI_IAM",
                ),
                (
                    "create user vkv identified globally as 'IAM_GROUP_NAME = IAMUsers19Group'",
                    "0 rows",
                ),
                (
                    "create role nwexport_role identified globally as 'IAM_GROUP_NAME=IAMUsers19Group'",
                    "0 rows",
                ),
                ("grant create session to nwexport_role", "0 rows"),
                ("grant dwrole to nwexport_role", "0 rows"),
                (
                    "create user mycomputeuser2 identified globally as 'IAM_PRINCIPAL_OCID=ocid1.box'",
                    "0 rows",
                ),
                ("grant create session to mycomputeuser2", "0 rows"),
                (
                    "select username, authentication_type, external_name from dba_users \
                     where username in ('VKV', 'ADMIN') order by 1",
                    "ADMIN|PASSWORD|NULL / VKV|GLOBAL|IAM_GROUP_NAME = IAMUsers19Group",
                ),
                (
                    "select authentication_type, external_name from dba_roles where role = 'NWEXPORT_ROLE'",
                    "GLOBAL|IAM_GROUP_NAME=IAMUsers19Group",
                ),
                (
                    "select granted_role from dba_role_privs where grantee = 'NWEXPORT_ROLE'",
                    "DWROLE",
                ),
                ("select * from session_roles", "CONNECT / RESOURCE"),
            ],
        );
        let user = principal(PrincipalKind::User, "vkv", &["IAMUsers19Group"]);
        let mut session =
            database.global_session(&user, AuthenticationMethod::Password).unwrap().unwrap();
        check(
            &mut session,
            &[
                (WHO, "VKV|VKV|VKV|VKV|vkv|PASSWORD_GLOBAL|GLOBAL SHARED|ocid1.vkv"),
                ("select * from session_roles", "NWEXPORT_ROLE / DWROLE"),
                ("select sys_context('sys_session_roles', 'dwrole') from dual", "TRUE"),
                ("select count(*) from session_privs where privilege = 'CREATE SESSION'", "1"),
            ],
        );
        let instance = principal(PrincipalKind::Instance, "box", &[]);
        let mut session = admit(&database, &instance).unwrap();
        let who = "MYCOMPUTEUSER2|MYCOMPUTEUSER2|MYCOMPUTEUSER2|MYCOMPUTEUSER2|ocid1.box|\
                   TOKEN_GLOBAL|GLOBAL EXCLUSIVE|ocid1.box";
        check(&mut session, &[(WHO, who), ("select count(*) from session_roles", "0")]);
    }
}

#[test]
fn who_is_not_let_in_is_told_apart() {
    let database = database(Generation::V23, false);
    let mut admin = database.session("ADMIN").unwrap();
    let user = principal(PrincipalKind::User, "vkv", &["g"]);
    let not_enabled = NotAdmitted::ProviderNotEnabled("OCI_IAM");
    assert_eq!(admit(&database, &user).map(drop), Err(not_enabled.clone()));
    check(
        &mut admin,
        &[("alter system set identity_provider_type = OCI_IAM scope=both", "0 rows")],
    );
    assert_eq!(admit(&database, &user).map(drop), Err(NotAdmitted::NotMapped));
    check(&mut admin, &[("create user u identified globally as 'IAM_GROUP_NAME=g'", "0 rows")]);
    let no_session = NotAdmitted::NoCreateSession("U".to_owned());
    assert_eq!(admit(&database, &user).map(drop), Err(no_session.clone()));
    for (grant, revoke) in [
        ("grant create session to u", "revoke create session from u"),
        ("grant create session to public", "revoke create session from public"),
        ("grant connect to u", "revoke connect from u"),
    ] {
        rows(&mut admin, grant, &[]).unwrap();
        assert!(admit(&database, &user).is_ok(), "{grant}");
        rows(&mut admin, revoke, &[]).unwrap();
        assert_eq!(admit(&database, &user).map(drop), Err(no_session.clone()), "{revoke}");
    }
    check(
        &mut admin,
        &[
            ("grant create session to u", "0 rows"),
            ("begin dbms_cloud_admin.enable_external_authentication('AZURE_AD'); end;", "!20004"),
            (
                "begin dbms_cloud_admin.enable_external_authentication(type => 'AZURE_AD', force => true); end;",
                "0 rows",
            ),
            ("select value from v$parameter where name = 'identity_provider_type'", "AZURE_AD"),
        ],
    );
    assert_eq!(admit(&database, &user).map(drop), Err(not_enabled.clone()));
    check(
        &mut admin,
        &[("begin dbms_cloud_admin.disable_external_authentication; end;", "0 rows")],
    );
    assert_eq!(admit(&database, &user).map(drop), Err(not_enabled));
}

#[test]
fn mappings_can_be_changed_and_are_checked() {
    let database = database(Generation::V23, false);
    let mut admin = database.session("ADMIN").unwrap();
    check(
        &mut admin,
        &[
            ("alter system set identity_provider_type = 'OCI_IAM'", "0 rows"),
            ("alter system set identity_provider_type = 'LDAP'", "!96"),
            ("create user u identified globally as 'IAM_GROUP=g'", "!25715"),
            ("create user u identified globally as 'IAM_GROUP_NAME=g'", "0 rows"),
            ("create user u identified globally as 'IAM_GROUP_NAME=g'", "!1920"),
            ("create role u", "!1921"),
            ("create role r identified globally as 'IAM_GROUP_NAME=g'", "0 rows"),
            ("grant r to u", "!28021"),
            ("grant no_such_role to u", "!1919"),
            ("grant create session to nobody", "!1917"),
            ("drop role nothing", "!1919"),
            ("alter user nobody identified globally as 'IAM_GROUP_NAME=g'", "!1918"),
            ("grant create session, create table to u, r", "0 rows"),
            ("alter user u identified globally as 'IAM_PRINCIPAL_NAME=vkv'", "0 rows"),
            ("select external_name from dba_users where username = 'U'", "IAM_PRINCIPAL_NAME=vkv"),
            (
                "select privilege from dba_sys_privs where grantee = 'R'",
                "CREATE SESSION / CREATE TABLE",
            ),
        ],
    );
    let other = principal(PrincipalKind::User, "other", &["g"]);
    assert_eq!(admit(&database, &other).map(drop), Err(NotAdmitted::NotMapped));
    let user = principal(PrincipalKind::User, "vkv", &["g"]);
    let mut session = admit(&database, &user).unwrap();
    check(&mut session, &[("select * from session_roles", "R")]);
    check(
        &mut admin,
        &[
            ("drop role r", "0 rows"),
            ("alter user u identified by secret", "0 rows"),
            ("select authentication_type from dba_users where username = 'U'", "PASSWORD"),
        ],
    );
    assert_eq!(admit(&database, &user).map(drop), Err(NotAdmitted::NotMapped));
}

#[test]
fn object_privileges_come_with_roles() {
    let database = database(Generation::V19, false);
    let mut scott = database.session("SCOTT").unwrap();
    check(
        &mut scott,
        &[
            ("alter system set identity_provider_type = OCI_IAM", "0 rows"),
            ("create user u identified globally as 'IAM_GROUP_NAME=g'", "0 rows"),
            ("grant connect to u", "0 rows"),
            ("create role reader", "0 rows"),
            ("create role nested", "0 rows"),
            ("grant select on emp to nested", "0 rows"),
            ("grant nested to reader", "0 rows"),
        ],
    );
    let user = principal(PrincipalKind::User, "vkv", &["g"]);
    let mut without = admit(&database, &user).unwrap();
    check(&mut without, &[("select count(*) from scott.emp", "!942")]);
    rows(&mut scott, "grant reader to u", &[]).unwrap();
    let mut with = admit(&database, &user).unwrap();
    check(
        &mut with,
        &[
            ("select count(*) from scott.emp", "14"),
            ("delete from scott.emp", "!1031"),
            ("select * from session_roles", "READER / NESTED / CONNECT"),
        ],
    );
}

#[test]
fn the_sample_has_the_guides_users() {
    let database = database(Generation::V23, true);
    for (kind, name, groups, user) in [
        (PrincipalKind::Resource, "notebook", &["rpdg"][..], "SHARED_USER"),
        (PrincipalKind::Instance, "box", &["demodg"], "SHARED_USER"),
        (PrincipalKind::User, "vk23c", &["IAMUsers23c"], "VK23C"),
        (PrincipalKind::User, "vkv", &["IAMUsers19Group"], "VKV"),
        (PrincipalKind::AzureUser, "peter.fitch@simulator.example", &[], "PETER_FITCH"),
        (PrincipalKind::DomainApplication, "demo-domain-app", &[], "DOMAIN_APP"),
    ] {
        let mut session = admit(&database, &principal(kind, name, groups)).unwrap();
        check(&mut session, &[("select user from dual", user)]);
    }
    let loner = principal(PrincipalKind::User, "loner", &[]);
    assert_eq!(admit(&database, &loner).map(drop), Err(NotAdmitted::NotMapped));
    let mut application = principal(PrincipalKind::AzureApplication, "app", &[]);
    application.roles = vec!["oracle_user".to_owned()];
    let mut session = admit(&database, &application).unwrap();
    assert_eq!(rows(&mut session, "select user from dual", &[]).unwrap(), ["AZURE_APP"]);
}

#[test]
fn users_and_roles_are_kept_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.db");
    let open = || Database::open(&file, Settings::default()).unwrap();
    {
        let mut admin = open().session("ADMIN").unwrap();
        for sql in [
            "alter system set identity_provider_type = OCI_IAM",
            "create user u identified globally as 'IAM_GROUP_NAME=g'",
            "grant connect to u",
        ] {
            admin.execute_text(sql, &[] as &[Value]).unwrap();
        }
    }
    let user = principal(PrincipalKind::User, "vkv", &["g"]);
    assert_eq!(admit(&open(), &user).unwrap().user(), "U");
}
