//! The exported surface of the wasm module: one function. `src/js/wallet.js` is what uses it.

use js_sys::{Array, Date, Error, Object, Reflect, Uint8Array};
use oraedge::auth::Secret;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::{Fault, Wallet, WalletError};

/// Opens a wallet: an array of `[name, bytes]` pairs, the bytes of one file (a .zip is one), or the text
/// of `walletContent`. Gives `{source, roots, chain, key?, tnsnames?, sqlnet?}`; certificates and the key
/// (PKCS#8) are `Uint8Array`s in DER. The client's certificate is valid now.
///
/// # Errors
/// An `Error` with `code` OED-WALLET, `fault` (`wrong-password` ...), `file` and `remedy`.
#[wasm_bindgen(js_name = openWallet)]
pub fn open_wallet(source: &JsValue, password: Option<String>) -> Result<JsValue, JsValue> {
    let password = password.map(Secret::from);
    let wallet = read(source, password.as_ref()).and_then(|wallet| {
        // A time before 1970 is a clock that is not set; as a cast it is 0, "not valid yet".
        wallet.check_dates((Date::now() / 1000.0) as u64).map(|()| wallet)
    });
    wallet.map(|wallet| to_js(&wallet)).map_err(|error| thrown(&error))
}

fn read(source: &JsValue, password: Option<&Secret>) -> Result<Wallet, WalletError> {
    if let Some(text) = source.as_string() {
        return Wallet::from_content(&text, password);
    }
    if let Some(bytes) = source.dyn_ref::<Uint8Array>() {
        return Wallet::from_bytes(&bytes.to_vec(), password);
    }
    let unknown =
        || Fault::NotAWallet("neither text, bytes nor pairs of a name and bytes").of("it");
    let pairs = source.dyn_ref::<Array>().ok_or_else(unknown)?;
    let mut files = Vec::new();
    for pair in pairs.iter() {
        let pair = pair.dyn_into::<Array>().map_err(|_| unknown())?;
        let name = pair.get(0).as_string().ok_or_else(unknown)?;
        let bytes = pair.get(1).dyn_into::<Uint8Array>().map_err(|_| unknown())?;
        files.push((name, bytes.to_vec()));
    }
    Wallet::from_files(files, password)
}

fn to_js(wallet: &Wallet) -> JsValue {
    let object = Object::new();
    let bytes = |der: &[u8]| JsValue::from(Uint8Array::from(der));
    let list =
        |list: &[Vec<u8>]| JsValue::from(list.iter().map(|der| bytes(der)).collect::<Array>());
    set(&object, "source", &JsValue::from_str(&wallet.source));
    set(&object, "roots", &list(&wallet.roots));
    set(&object, "chain", &list(&wallet.chain));
    if let Some(key) = &wallet.key {
        set(&object, "key", &bytes(key.expose()));
    }
    for (name, text) in [("tnsnames", &wallet.tnsnames), ("sqlnet", &wallet.sqlnet)] {
        if let Some(text) = text {
            set(&object, name, &JsValue::from_str(text));
        }
    }
    object.into()
}

fn thrown(error: &WalletError) -> JsValue {
    let object = Error::new(&error.to_string());
    set(&object, "code", &JsValue::from_str("OED-WALLET"));
    set(&object, "fault", &JsValue::from_str(error.fault.name()));
    set(&object, "file", &JsValue::from_str(&error.file));
    set(&object, "remedy", &JsValue::from_str(error.fault.remedy()));
    object.into()
}

fn set(object: &Object, name: &str, value: &JsValue) {
    // Setting a property of an object that was just made does not fail.
    let _ = Reflect::set(object, &JsValue::from_str(name), value);
}
