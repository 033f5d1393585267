//! The numbers that the database gives to time zone regions, and their names.
//!
//! The rules of a region (its offset, its daylight saving) are for whoever shows the value: every
//! JavaScript engine and operating system has them, and they change several times a year.

/// The names in the order of their numbers; `=100` says that the next name has the number 100.
///
/// The facts are `V$TIMEZONE_NAMES` of a server, as the seerdb project lists them (MIT); a few
/// abbreviations that the IANA data base does not have are missing there. Packed, since it is part
/// of the wasm that browsers load.
const NAMES: &str = "\
    Etc/GMT Etc/GMT-14 Etc/GMT-13 Etc/GMT-12 Etc/GMT-11 Etc/GMT-10 Etc/GMT-9 Etc/GMT-8 Etc/GMT-7 \
    Etc/GMT-6 Etc/GMT-5 Etc/GMT-4 Etc/GMT-3 Etc/GMT-2 Etc/GMT-1 Etc/GMT+1 Etc/GMT+2 Etc/GMT+3 \
    Etc/GMT+4 Etc/GMT+5 Etc/GMT+6 Etc/GMT+7 Etc/GMT+8 Etc/GMT+9 Etc/GMT+10 Etc/GMT+11 Etc/GMT+12 \
    =30 Africa/Algiers Africa/Luanda Africa/Porto-Novo Africa/Gaborone Africa/Ouagadougou \
    Africa/Bujumbura Africa/Douala Africa/Bangui Africa/Ndjamena Africa/Kinshasa Africa/Lubumbashi \
    Africa/Brazzaville Africa/Abidjan Africa/Djibouti Africa/Cairo Africa/Malabo Africa/Asmara \
    Africa/Addis_Ababa Africa/Libreville Africa/Banjul Africa/Accra Africa/Conakry Africa/Bissau \
    Africa/Nairobi Africa/Maseru Africa/Monrovia Africa/Tripoli Africa/Blantyre Africa/Bamako =60 \
    Africa/Nouakchott Africa/Casablanca Africa/El_Aaiun Africa/Maputo Africa/Windhoek \
    Africa/Niamey Africa/Lagos Africa/Kigali Africa/Sao_Tome Africa/Dakar Africa/Freetown \
    Africa/Mogadishu Africa/Johannesburg Africa/Khartoum Africa/Mbabane Africa/Dar_es_Salaam \
    Africa/Lome Africa/Tunis Africa/Kampala Africa/Lusaka Africa/Harare Africa/Ceuta =85 \
    Antarctica/Macquarie America/Recife America/Matamoros America/North_Dakota/Center \
    America/North_Dakota/New_Salem America/Bahia America/Kentucky/Monticello America/Moncton \
    America/Ojinaga America/Indiana/Tell_City America/Bahia_Banderas America/Santa_Isabel \
    America/Argentina/San_Luis America/Argentina/Rio_Gallegos America/Argentina/La_Rioja \
    America/New_York America/Chicago America/Denver America/Los_Angeles America/Juneau \
    America/Yakutat America/Anchorage America/Nome America/Adak America/Phoenix America/Boise \
    America/Indianapolis America/Indiana/Marengo America/Indiana/Knox America/Indiana/Vevay \
    America/Louisville America/Detroit America/Menominee America/St_Johns America/Goose_Bay \
    America/Halifax America/Glace_Bay America/Montreal America/Thunder_Bay America/Nipigon \
    America/Rainy_River America/Winnipeg America/Regina America/Swift_Current America/Edmonton \
    America/Vancouver America/Dawson_Creek America/Pangnirtung America/Iqaluit \
    America/Rankin_Inlet America/Cambridge_Bay America/Yellowknife America/Inuvik \
    America/Whitehorse America/Dawson America/Cancun America/Mexico_City America/Chihuahua \
    America/Hermosillo America/Mazatlan America/Tijuana America/Anguilla America/Antigua \
    America/Nassau America/Barbados America/Belize America/Cayman America/Costa_Rica \
    America/Havana America/Dominica America/Santo_Domingo America/El_Salvador America/Grenada \
    America/Guadeloupe America/Guatemala America/Port-au-Prince America/Tegucigalpa \
    America/Jamaica America/Martinique America/Montserrat America/Managua America/Panama \
    America/Puerto_Rico America/St_Kitts America/St_Lucia America/Miquelon America/St_Vincent \
    America/Grand_Turk America/Tortola America/St_Thomas America/Buenos_Aires \
    America/Argentina/Ushuaia America/Cordoba America/Jujuy America/Catamarca America/Mendoza \
    America/Aruba America/La_Paz America/Noronha America/Belem America/Fortaleza America/Araguaina \
    America/Maceio America/Sao_Paulo America/Cuiaba America/Porto_Velho America/Boa_Vista \
    America/Manaus America/Porto_Acre America/Santiago America/Bogota America/Curacao \
    America/Guayaquil America/Cayenne America/Guyana America/Asuncion America/Lima \
    America/Paramaribo America/Port_of_Spain America/Montevideo America/Caracas \
    America/Scoresbysund America/Godthab America/Thule America/Indiana/Vincennes \
    America/Indiana/Petersburg EST MST HST EST5EDT CST6CDT MST7MDT PST8PDT America/Indiana/Winamac \
    America/Resolute America/Toronto America/Atikokan America/Campo_Grande America/Danmarkshavn \
    America/Blanc-Sablon America/Eirunepe America/Merida America/Monterrey \
    America/Argentina/Tucuman America/Argentina/San_Juan Antarctica/Casey Antarctica/Davis \
    Antarctica/Mawson Antarctica/DumontDUrville Antarctica/Syowa Antarctica/Palmer \
    Antarctica/McMurdo America/Argentina/Salta =240 Asia/Kabul Asia/Yerevan Asia/Baku Asia/Bahrain \
    Asia/Dacca Asia/Thimphu Asia/Brunei Asia/Rangoon Asia/Phnom_Penh Asia/Harbin Asia/Shanghai \
    Asia/Chungking Asia/Urumqi Asia/Kashgar Asia/Hong_Kong Asia/Taipei Asia/Macao Asia/Nicosia \
    Asia/Tbilisi Asia/Dili Asia/Calcutta Asia/Jakarta Asia/Ujung_Pandang Asia/Jayapura Asia/Tehran \
    Asia/Baghdad Asia/Jerusalem Asia/Tokyo Asia/Amman Asia/Almaty Asia/Aqtobe Asia/Aqtau \
    Asia/Bishkek Asia/Seoul Asia/Pyongyang Asia/Kuwait Asia/Vientiane Asia/Beirut \
    Asia/Kuala_Lumpur Asia/Kuching Asia/Hovd Asia/Ulaanbaatar Asia/Katmandu Asia/Muscat \
    Asia/Karachi Asia/Gaza Asia/Manila Asia/Qatar Asia/Riyadh =292 Asia/Singapore Asia/Colombo \
    Asia/Damascus Asia/Dushanbe Asia/Bangkok Asia/Ashgabat Asia/Dubai Asia/Samarkand Asia/Tashkent \
    Asia/Saigon Asia/Aden Asia/Yekaterinburg Asia/Omsk Asia/Novosibirsk Asia/Krasnoyarsk \
    Asia/Irkutsk Asia/Yakutsk Asia/Vladivostok Asia/Magadan Asia/Kamchatka Asia/Anadyr \
    Asia/Pontianak Asia/Qyzylorda Asia/Oral Asia/Choibalsan Asia/Sakhalin =330 Atlantic/Bermuda \
    Atlantic/Stanley Atlantic/South_Georgia Atlantic/Faroe Atlantic/Reykjavik =336 Atlantic/Azores \
    Atlantic/Madeira Atlantic/Canary Atlantic/Cape_Verde Atlantic/St_Helena =345 Australia/Darwin \
    Australia/Perth Australia/Brisbane Australia/Lindeman Australia/Adelaide Australia/Hobart \
    Australia/Melbourne Australia/Sydney Australia/Broken_Hill Australia/Lord_Howe \
    Australia/Currie Australia/Eucla =365 WET CET MET EET Europe/London Europe/Belfast \
    Europe/Dublin Europe/Tirane Europe/Andorra Europe/Vienna Europe/Minsk Europe/Brussels \
    Europe/Sofia Europe/Prague Europe/Copenhagen Europe/Tallinn Europe/Helsinki Europe/Paris \
    Europe/Berlin Europe/Gibraltar Europe/Athens Europe/Budapest Europe/Rome Europe/Riga \
    Europe/Vaduz Europe/Vilnius Europe/Luxembourg Europe/Malta Europe/Chisinau =395 Europe/Monaco \
    Europe/Amsterdam Europe/Oslo Europe/Warsaw Europe/Lisbon Europe/Bucharest Europe/Kaliningrad \
    Europe/Moscow Europe/Samara Europe/Madrid Europe/Stockholm Europe/Zurich Europe/Istanbul \
    Europe/Kiev Europe/Uzhgorod Europe/Zaporozhye Europe/Simferopol Europe/Belgrade \
    Europe/Volgograd =435 Indian/Kerguelen Indian/Chagos Indian/Maldives Indian/Antananarivo \
    Indian/Christmas Indian/Cocos Indian/Comoro Indian/Mahe Indian/Mauritius Indian/Mayotte \
    Indian/Reunion =450 Pacific/Honolulu Pacific/Easter Pacific/Galapagos Pacific/Rarotonga \
    Pacific/Fiji Pacific/Gambier Pacific/Marquesas Pacific/Tahiti Pacific/Guam Pacific/Tarawa \
    Pacific/Enderbury Pacific/Kiritimati Pacific/Saipan Pacific/Majuro Pacific/Kwajalein =466 \
    Pacific/Truk Pacific/Ponape Pacific/Kosrae Pacific/Nauru Pacific/Noumea Pacific/Auckland \
    Pacific/Chatham Pacific/Niue Pacific/Norfolk Pacific/Palau Pacific/Port_Moresby \
    Pacific/Pitcairn Pacific/Pago_Pago Pacific/Apia =481 Pacific/Guadalcanal Pacific/Fakaofo \
    Pacific/Tongatapu Pacific/Funafuti Pacific/Johnston Pacific/Midway Pacific/Wake Pacific/Efate \
    Pacific/Wallis =513 GMT =556 Egypt =558 Africa/Asmera =568 Libya =570 Africa/Timbuktu =612 \
    US/Eastern US/Central Navajo US/Pacific =618 US/Alaska =620 America/Atka US/Arizona =623 \
    America/Fort_Wayne =625 America/Knox_IN =627 America/Kentucky/Louisville US/Michigan =630 \
    Canada/Newfoundland =632 Canada/Atlantic =634 Canada/Eastern =638 Canada/Central =641 \
    Canada/Mountain Canada/Pacific =650 Canada/Yukon =653 Mexico/General =656 Mexico/BajaSur \
    America/Ensenada =665 Cuba =670 America/Marigot =674 Jamaica =686 America/Virgin \
    America/Argentina/Buenos_Aires =689 America/Argentina/Cordoba America/Argentina/Jujuy \
    America/Argentina/Catamarca America/Argentina/Mendoza =695 Brazil/DeNoronha =700 Brazil/East \
    =704 Brazil/West Brazil/Acre Chile/Continental =733 America/Coral_Harbour =748 \
    Antarctica/South_Pole =756 Asia/Dhaka Asia/Thimbu =762 PRC Asia/Chongqing =766 Hongkong ROC \
    Asia/Macau Europe/Nicosia =772 Asia/Kolkata =774 Asia/Makassar =776 Iran =778 Asia/Tel_Aviv \
    Japan =785 ROK =793 Asia/Ulan_Bator =797 Asia/Kathmandu =804 Singapore =809 Asia/Ashkhabad \
    =813 Asia/Ho_Chi_Minh =845 Atlantic/Faeroe Iceland =857 Australia/North Australia/West \
    Australia/Queensland =861 Australia/South Australia/Tasmania Australia/Victoria Australia/ACT \
    Australia/Yancowinna Australia/LHI =881 GB =883 Eire =890 Europe/Bratislava =893 \
    Europe/Mariehamn =899 Europe/Vatican =905 Europe/Tiraspol =909 Arctic/Longyearbyen Poland \
    Portugal =914 W-SU =919 Turkey =924 Europe/Ljubljana =962 US/Hawaii Chile/EasterIsland =976 \
    Kwajalein =978 Pacific/Yap =983 NZ NZ-CHAT =990 US/Samoa =1025 Etc/GMT+0 =1126 US/Mountain \
    =1132 US/Aleutian =1135 US/East-Indiana =1137 US/Indiana-Starke =1151 Canada/Saskatchewan \
    =1169 Mexico/BajaNorte =1182 America/St_Barthelemy =1201 America/Rosario =1203 \
    America/Argentina/ComodRivadavia =1217 America/Rio_Branco =1290 Israel =1376 \
    Australia/Canberra =1393 GB-Eire =1411 Europe/San_Marino =1421 Atlantic/Jan_Mayen =1431 \
    Asia/Istanbul =1436 Europe/Sarajevo =1502 Pacific/Samoa =1537 GMT+0 =1638 America/Shiprock \
    =1647 America/Indiana/Indianapolis =1888 Australia/NSW =1905 Europe/Jersey =1948 Europe/Skopje \
    =2049 Etc/GMT-0 =2417 Europe/Guernsey =2460 Europe/Zagreb =2561 GMT-0 =2929 Europe/Isle_of_Man \
    =2972 Europe/Podgorica =3073 Etc/GMT0 =3585 GMT0 =4097 Etc/Greenwich =4609 Greenwich =5121 UTC";

/// The regions: number and name, in the order of the numbers.
pub fn all() -> impl Iterator<Item = (u16, &'static str)> {
    NAMES
        .split_ascii_whitespace()
        .scan(1, |next: &mut u16, word| {
            Some(match word.strip_prefix('=') {
                Some(number) => {
                    *next = number.parse().unwrap_or_default();
                    None
                }
                None => {
                    *next += 1;
                    Some((*next - 1, word))
                }
            })
        })
        .flatten()
}

/// The IANA name of the region with this number. It goes through the list: keep the answer when
/// asking for many values.
pub fn name(id: u16) -> Option<&'static str> {
    all().find_map(|(known, name)| (known == id).then_some(name))
}

/// The number of the region with this IANA name, in any case; the lowest if it has several.
pub fn id(name: &str) -> Option<u16> {
    all().find_map(|(id, known)| known.eq_ignore_ascii_case(name).then_some(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_found_both_ways() {
        for (number, region) in
            [(1, "Etc/GMT"), (383, "Europe/Berlin"), (612, "US/Eastern"), (5121, "UTC")]
        {
            assert_eq!(name(number), Some(region));
            assert_eq!(id(region), Some(number));
        }
        assert_eq!(id("europe/berlin"), Some(383));
        assert_eq!(name(28), None);
        assert_eq!(id("Europe/Atlantis"), None);
    }

    #[test]
    fn the_list_is_in_order_and_whole() {
        let numbers: Vec<u16> = all().map(|(number, _)| number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b));
        assert_eq!(numbers.len(), 552);
    }
}
