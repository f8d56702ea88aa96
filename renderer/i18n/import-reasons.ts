/**
 * Why an import took, changed or left out a setting: the helper says it in English, here in the other languages. A row is
 * the English sentence with its values as `{1}`, `{2}`, …; a sentence without a row stays English. Values are names of
 * settings, files and algorithms: the same everywhere. report-entries.tsx asks; import-reasons.test.ts sees that every reason
 * of the golden reports, and every one that the importers' sources hold, has its row. Why an export leaves something out has
 * a type of its own (core/profile/export-reason.ts).
 */
import type { Language } from '#core/text/languages.ts';

type Row = Readonly<Record<Language, string>>;
const row = (en: string, de: string, zh: string): Row => ({ en, de, zh });

const ROWS: readonly Row[] = [
  row(
    '{1} certificate of authorities, trusted for the gateway',
    '{1} Zertifikat von Zertifizierungsstellen, denen für das Gateway vertraut wird',
    '{1} 个受信任的网关证书颁发机构证书',
  ),
  row(
    '{1} certificates of authorities, trusted for the gateway',
    '{1} Zertifikate von Zertifizierungsstellen, denen für das Gateway vertraut wird',
    '{1} 个受信任的网关证书颁发机构证书',
  ),
  row(
    'Adit always asks for the gateway’s networks',
    'Adit fragt immer nach den Netzen des Gateways',
    'Adit 总是向网关询问其网络',
  ),
  row(
    'Adit authenticates anew when the gateway asks for it (RFC 4478)',
    'Adit weist sich neu aus, wenn das Gateway es verlangt (RFC 4478)',
    '网关要求时 Adit 会重新认证（RFC 4478）',
  ),
  row(
    'Adit asks for what it does not have',
    'Adit fragt nach dem, was es nicht hat',
    '缺少的内容 Adit 会询问',
  ),
  row(
    'Adit asks for what is not stored',
    'Adit fragt nach dem, was nicht gespeichert ist',
    '未保存的内容 Adit 会询问',
  ),
  row('Adit asks for the password itself', 'Adit fragt selbst nach dem Passwort', 'Adit 会自行询问密码'),
  row(
    'Adit chooses the moment of rekeying itself',
    'Adit wählt den Zeitpunkt für neue Schlüssel selbst',
    '更换密钥的时机由 Adit 决定',
  ),
  row('Adit gives its own names', 'Adit vergibt eigene Namen', 'Adit 使用自己的名称'),
  row(
    'Adit makes no routes by address classes',
    'Adit legt keine Routen nach Adressklassen an',
    'Adit 不按地址类别建立路由',
  ),
  row(
    'Adit opens no files: import {1}, our certificate, together with this file',
    'Adit öffnet keine Dateien: importieren Sie {1}, unser Zertifikat, zusammen mit dieser Datei',
    'Adit 不打开其他文件：请将我们的证书 {1} 与此文件一起导入',
  ),
  row(
    'Adit opens no files: import {1}, our certificate, together with this one',
    'Adit öffnet keine Dateien: importieren Sie {1}, unser Zertifikat, zusammen mit dieser',
    'Adit 不打开其他文件：请将我们的证书 {1} 与此文件一起导入',
  ),
  row(
    'Adit opens no files: import {1}, an authority’s certificate, together with this file',
    'Adit öffnet keine Dateien: importieren Sie {1}, das Zertifikat einer Zertifizierungsstelle, zusammen mit dieser Datei',
    'Adit 不打开其他文件：请将证书颁发机构的证书 {1} 与此文件一起导入',
  ),
  row(
    'Adit opens no files: import {1}, the gateway’s certificate, together with this file',
    'Adit öffnet keine Dateien: importieren Sie {1}, das Zertifikat des Gateways, zusammen mit dieser Datei',
    'Adit 不打开其他文件：请将网关的证书 {1} 与此文件一起导入',
  ),
  row(
    'Adit opens no files: import the key’s file together with this one',
    'Adit öffnet keine Dateien: importieren Sie die Datei des Schlüssels zusammen mit dieser',
    'Adit 不打开其他文件：请将密钥文件与此文件一起导入',
  ),
  row(
    'Adit opens no files: import {1} together with this one',
    'Adit öffnet keine Dateien: importieren Sie {1} zusammen mit dieser',
    'Adit 不打开其他文件：请将 {1} 与此文件一起导入',
  ),
  row(
    'Adit opens no other files: give them to the same import',
    'Adit öffnet keine weiteren Dateien: geben Sie sie demselben Import',
    'Adit 不打开其他文件：请在同一次导入中提供',
  ),
  row(
    'Adit sends from the address that leads to the gateway',
    'Adit sendet von der Adresse, die zum Gateway führt',
    'Adit 从通往网关的地址发送',
  ),
  row('Adit speaks IKEv2 alone', 'Adit spricht nur IKEv2', 'Adit 只支持 IKEv2'),
  row(
    'Adit takes the addresses that the gateway’s name has',
    'Adit nimmt die Adressen, die der Name des Gateways hat',
    'Adit 使用网关名称对应的地址',
  ),
  row('EAP offers TLS 1.2 and 1.3', 'EAP bietet TLS 1.2 und 1.3 an', 'EAP 提供 TLS 1.2 和 1.3'),
  row(
    'EAP without the check of this device (TNC), which a gateway may insist on',
    'EAP ohne die Prüfung dieses Geräts (TNC), auf der ein Gateway bestehen kann',
    'EAP 不含设备检查（TNC），而网关可能要求该检查',
  ),
  row('IPComp is not supported', 'IPComp wird nicht unterstützt', '不支持 IPComp'),
  row('NetworkManager’s own affair', 'Sache des NetworkManagers', '由 NetworkManager 自行处理'),
  row(
    'PEAP is left out: what runs inside is said of TTLS',
    'PEAP entfällt: was darin läuft, ist für TTLS gesagt',
    '省略 PEAP：内部方式是为 TTLS 指定的',
  ),
  row(
    'PKCS#12: our certificate and its key',
    'PKCS#12: unser Zertifikat und sein Schlüssel',
    'PKCS#12：我们的证书及其密钥',
  ),
  row(
    'XAuth belongs to IKEv1, which is not supported yet',
    'XAuth gehört zu IKEv1, das noch nicht unterstützt wird',
    'XAuth 属于 IKEv1，尚不支持',
  ),
  row('a certificate of this computer', 'ein Zertifikat dieses Computers', '此电脑的证书'),
  row(
    'a name in libreswan’s own database: import the .p12 file together with this one',
    'ein Name in libreswans eigener Datenbank: importieren Sie die .p12-Datei zusammen mit dieser',
    'libreswan 自有数据库中的名称：请将 .p12 文件与此文件一起导入',
  ),
  row('a profile runs no programs', 'ein Profil startet keine Programme', '配置不会运行程序'),
  row('a profile never runs programs', 'ein Profil startet nie Programme', '配置绝不会运行程序'),
  row(
    'a proxy behind the tunnel is not supported yet',
    'ein Proxy hinter dem Tunnel wird noch nicht unterstützt',
    '尚不支持隧道后的代理',
  ),
  row(
    'a second child is not supported yet; "{1}" is taken',
    'ein zweites Child wird noch nicht unterstützt; „{1}“ wird genommen',
    '尚不支持第二个 Child；采用“{1}”',
  ),
  row(
    'a tunnel for single programs is not supported yet',
    'ein Tunnel für einzelne Programme wird noch nicht unterstützt',
    '尚不支持仅用于个别程序的隧道',
  ),
  row(
    'a tunnel for the computer: import it with --for-all',
    'ein Tunnel für den Computer: importieren Sie ihn mit --for-all',
    '供整台电脑使用的隧道：请用 --for-all 导入',
  ),
  row(
    'absent, so the gateway itself is meant: {1}',
    'nicht angegeben, also ist das Gateway selbst gemeint: {1}',
    '未指定，因此指网关本身：{1}',
  ),
  row(
    'all authorities in the file are trusted',
    'allen Zertifizierungsstellen in der Datei wird vertraut',
    '信任文件中的所有证书颁发机构',
  ),
  row(
    'an authority that is trusted for the gateway',
    'eine Zertifizierungsstelle, der für das Gateway vertraut wird',
    '受信任的网关证书颁发机构',
  ),
  row(
    'authorities are trusted where a connection names their certificates, or where they are imported alone',
    'Zertifizierungsstellen wird vertraut, wo eine Verbindung ihre Zertifikate nennt oder wo sie allein importiert werden',
    '仅当连接指明其证书或单独导入时，才信任证书颁发机构',
  ),
  row(
    'authorities by fingerprint are not supported: the system’s count, or a certificate that is imported along',
    'Zertifizierungsstellen nach Fingerabdruck werden nicht unterstützt: es gelten die des Systems oder ein mitimportiertes Zertifikat',
    '不支持按指纹指定证书颁发机构：以系统的或一起导入的证书为准',
  ),
  row(
    'becomes child.lifetimePackets {1}',
    'wird zu child.lifetimePackets {1}',
    '改为 child.lifetimePackets {1}',
  ),
  row('becomes child.lifetimeBytes {1}', 'wird zu child.lifetimeBytes {1}', '改为 child.lifetimeBytes {1}'),
  row('becomes child.lifetimeSec {1}', 'wird zu child.lifetimeSec {1}', '改为 child.lifetimeSec {1}'),
  row('becomes the ESP proposal {1}', 'wird zum ESP-Vorschlag {1}', '改为 ESP 提议 {1}'),
  row('becomes the IKE proposal {1}', 'wird zum IKE-Vorschlag {1}', '改为 IKE 提议 {1}'),
  row('becomes the proposal {1}', 'wird zum Vorschlag {1}', '改为提议 {1}'),
  row(
    'certificates that are fetched (SCEP, ACME) are not supported: give a PKCS#12 file',
    'Zertifikate, die abgeholt werden (SCEP, ACME), werden nicht unterstützt: geben Sie eine PKCS#12-Datei an',
    '不支持在线获取的证书（SCEP、ACME）：请提供 PKCS#12 文件',
  ),
  row(
    'closing an idle tunnel is not supported yet',
    'einen untätigen Tunnel zu schließen wird noch nicht unterstützt',
    '尚不支持关闭空闲的隧道',
  ),
  row(
    'completing short names is not supported yet',
    'kurze Namen zu ergänzen wird noch nicht unterstützt',
    '尚不支持补全短名称',
  ),
  row('concerns Windows alone', 'betrifft nur Windows', '仅与 Windows 有关'),
  row('concerns the other client alone', 'betrifft nur den anderen Client', '仅与另一客户端有关'),
  row('describes the file, not the tunnel', 'beschreibt die Datei, nicht den Tunnel', '描述的是文件而非隧道'),
  row('empty: the default stays', 'leer: es bleibt bei der Vorgabe', '为空：保留默认值'),
  row('everything goes into the tunnel', 'alles geht in den Tunnel', '全部流量都进入隧道'),
  row(
    'expected 1 to 3072 octets: text, hexadecimal after 0x, or base64 after 0s',
    'erwartet werden 1 bis 3072 Oktette: Text, hexadezimal nach 0x oder base64 nach 0s',
    '应为 1 到 3072 个字节：文本、0x 后的十六进制或 0s 后的 base64',
  ),
  row('for IKEv1 only', 'nur für IKEv1', '仅用于 IKEv1'),
  row('for an updown script', 'für ein Updown-Skript', '用于 updown 脚本'),
  row('for gateways only', 'nur für Gateways', '仅用于网关'),
  row('for logs only', 'nur für Protokolle', '仅用于日志'),
  row(
    'for the kernel of another client; Adit keeps its own adapter and routes',
    'für den Kernel eines anderen Clients; Adit hat eigene Adapter und Routen',
    '供另一客户端的内核使用；Adit 使用自己的接口和路由',
  ),
  row(
    '{1}: TCP in place of UDP (RFC 9329) is not supported yet',
    '{1}: TCP anstelle von UDP (RFC 9329) wird noch nicht unterstützt',
    '{1}：尚不支持以 TCP 代替 UDP（RFC 9329）',
  ),
  row(
    '{1}: IKEv1 is kept for a later version of Adit; expected ikev2',
    '{1}: IKEv1 bleibt einer späteren Version von Adit vorbehalten; erwartet wird ikev2',
    '{1}：IKEv1 留待 Adit 的后续版本；应为 ikev2',
  ),
  row(
    '{1}: only type = tunnel is supported',
    '{1}: nur type = tunnel wird unterstützt',
    '{1}：仅支持 type = tunnel',
  ),
  row(
    '{1}: this entry is for {2}, which is no IPsec; ask for IKEv2',
    '{1}: dieser Eintrag ist für {2}, was kein IPsec ist; fragen Sie nach IKEv2',
    '{1}：此条目用于 {2}，不是 IPsec；请索取 IKEv2 的配置',
  ),
  row(
    '{1}: this entry is for {2}, which Adit does not speak; ask for IKEv2',
    '{1}: dieser Eintrag ist für {2}, das Adit nicht spricht; fragen Sie nach IKEv2',
    '{1}：此条目用于 {2}，Adit 不支持；请索取 IKEv2 的配置',
  ),
  row(
    '{1}: "{2}" is IKEv1 ("{3}"), which is kept for a later version of Adit',
    '{1}: „{2}“ ist IKEv1 („{3}“), das einer späteren Version von Adit vorbehalten bleibt',
    '{1}：“{2}”是 IKEv1（“{3}”），留待 Adit 的后续版本',
  ),
  row(
    '{1}: "{2}" is {3}, which Adit does not speak; ask for an IKEv2 profile of the same gateway',
    '{1}: „{2}“ ist {3}, das Adit nicht spricht; fragen Sie nach einem IKEv2-Profil desselben Gateways',
    '{1}：“{2}”是 {3}，Adit 不支持；请索取同一网关的 IKEv2 配置',
  ),
  row(
    '{1}: IKEv1 is not supported yet; expected 2',
    '{1}: IKEv1 wird noch nicht unterstützt; erwartet wird 2',
    '{1}：尚不支持 IKEv1；应为 2',
  ),
  row(
    '{1}: XAuth belongs to IKEv1, which is not supported yet',
    '{1}: XAuth gehört zu IKEv1, das noch nicht unterstützt wird',
    '{1}：XAuth 属于 IKEv1，尚不支持',
  ),
  row(
    '{1}: a second proof of the gateway is not supported (RFC 4739)',
    '{1}: ein zweiter Nachweis des Gateways wird nicht unterstützt (RFC 4739)',
    '{1}：不支持网关的第二次证明（RFC 4739）',
  ),
  row(
    'keys on tokens are not supported yet',
    'Schlüssel auf Tokens werden noch nicht unterstützt',
    '尚不支持令牌上的密钥',
  ),
  row(
    'left out what Adit has not; taken: {1}',
    'was Adit nicht hat, entfällt; genommen: {1}',
    '省略 Adit 没有的方式；采用：{1}',
  ),
  row(
    'left out: "{1}" is no algorithm that Adit knows: try {2}',
    'entfällt: „{1}“ ist kein Verfahren, das Adit kennt: versuchen Sie {2}',
    '已省略：Adit 不认识算法“{1}”：可尝试 {2}',
  ),
  row(
    'left out: "{1}" has no place in an ESP proposal; leave it out',
    'entfällt: „{1}“ hat in einem ESP-Vorschlag keinen Platz; lassen Sie es weg',
    '已省略：“{1}”不属于 ESP 提议；请去掉',
  ),
  row('left out: {1}', 'entfällt: {1}', '已省略：{1}'),
  row(
    'networks past the tunnel: that is not supported yet',
    'Netze am Tunnel vorbei: das wird noch nicht unterstützt',
    '绕过隧道的网络：尚不支持',
  ),
  row('no EAP type', 'kein EAP-Verfahren', '不是 EAP 类型'),
  row(
    'no authority’s: the gateway must have exactly this certificate',
    'von keiner Zertifizierungsstelle: das Gateway muss genau dieses Zertifikat haben',
    '不是颁发机构的证书：网关必须恰好持有此证书',
  ),
  row(
    'no imported connection uses this key',
    'keine importierte Verbindung benutzt diesen Schlüssel',
    '导入的连接都不使用此密钥',
  ),
  row(
    'no imported connection uses this password',
    'keine importierte Verbindung benutzt dieses Passwort',
    '导入的连接都不使用此密码',
  ),
  row(
    'no imported connection uses this secret',
    'keine importierte Verbindung benutzt dieses Geheimnis',
    '导入的连接都不使用此密文',
  ),
  row(
    'no imported profile needs this file',
    'kein importiertes Profil braucht diese Datei',
    '导入的配置都不需要此文件',
  ),
  row(
    'nobody is asked to trust an unknown server',
    'niemand wird gebeten, einem unbekannten Server zu vertrauen',
    '不会要求任何人信任未知的服务器',
  ),
  row('only mode = tunnel is supported', 'nur mode = tunnel wird unterstützt', '仅支持 mode = tunnel'),
  row(
    'only the named proposals are offered; "default" adds nothing to them',
    'nur die genannten Vorschläge werden angeboten; „default“ fügt nichts hinzu',
    '只提供所列的提议；“default”不会增加任何内容',
  ),
  row('our certificate and its key', 'unser Zertifikat und sein Schlüssel', '我们的证书及其密钥'),
  row(
    'our certificate is not in the file: import it together with its .p12, or its .pem and key',
    'unser Zertifikat ist nicht in der Datei: importieren Sie sie zusammen mit der .p12-Datei oder mit .pem und Schlüssel',
    '文件中没有我们的证书：请与 .p12 或 .pem 及密钥一起导入',
  ),
  row(
    'our certificate is sent wherever we have one',
    'unser Zertifikat wird gesendet, wo immer wir eines haben',
    '只要有证书就会发送',
  ),
  row(
    'our certificate says who issued it',
    'unser Zertifikat sagt, wer es ausgestellt hat',
    '我们的证书已说明由谁签发',
  ),
  row(
    'our private key is not in the file: import it together with its .p12, or its .pem and key',
    'unser privater Schlüssel ist nicht in der Datei: importieren Sie sie zusammen mit der .p12-Datei oder mit .pem und Schlüssel',
    '文件中没有我们的私钥：请与 .p12 或 .pem 及密钥一起导入',
  ),
  row(
    'sets ike.lifetimeSec to {1}, the end of the IKE SA',
    'setzt ike.lifetimeSec auf {1}, das Ende der IKE-SA',
    '将 ike.lifetimeSec 设为 {1}，即 IKE SA 的期限',
  ),
  row(
    'split tunnelling: the networks that the gateway grants decide',
    'geteilter Tunnel: es entscheiden die Netze, die das Gateway gewährt',
    '分流：由网关允许的网络决定',
  ),
  row(
    'the PKCS#12 file is locked and its password is not here: adit import --p12-password-stdin (it may be empty)',
    'die PKCS#12-Datei ist verschlossen und ihr Passwort fehlt: Adit fragt danach (es kann leer sein)',
    'PKCS#12 文件已加密，且缺少密码：Adit 会询问（密码可以为空）',
  ),
  row(
    'the authorities in the file decide, not their names',
    'es entscheiden die Zertifizierungsstellen in der Datei, nicht ihre Namen',
    '以文件中的证书颁发机构为准，而非其名称',
  ),
  row(
    'the authorities that are imported decide, not their names',
    'es entscheiden die importierten Zertifizierungsstellen, nicht ihre Namen',
    '以导入的证书颁发机构为准，而非其名称',
  ),
  row(
    'the entry names no method: a user name and password by EAP are assumed',
    'der Eintrag nennt kein Verfahren: Benutzername und Passwort über EAP werden angenommen',
    '此条目未指定方式：假定用 EAP 的用户名和密码',
  ),
  row(
    'the file is signed; Adit did not verify by whom',
    'die Datei ist unterschrieben; Adit hat nicht geprüft, von wem',
    '文件已签名；Adit 未核实签名者',
  ),
  row(
    'the files that are imported along decide',
    'es entscheiden die mitimportierten Dateien',
    '以一起导入的文件为准',
  ),
  row(
    'the gateway chooses the address; a particular one cannot be asked for yet',
    'das Gateway wählt die Adresse; eine bestimmte lässt sich noch nicht verlangen',
    '地址由网关选择；尚不能要求特定地址',
  ),
  row('the gateway must be where it is', 'das Gateway muss dort sein, wo es ist', '网关的位置是固定的'),
  row('the gateway’s own choice', 'die Wahl des Gateways', '由网关选择'),
  row(
    'the gateway’s certificate must always carry its identity',
    'das Zertifikat des Gateways muss immer seine Identität tragen',
    '网关证书必须包含其身份',
  ),
  row(
    'the groups in the ESP proposals decide',
    'es entscheiden die Gruppen in den ESP-Vorschlägen',
    '以 ESP 提议中的组为准',
  ),
  row(
    'the key decides the scheme, the gateway the hash',
    'der Schlüssel entscheidet über das Schema, das Gateway über den Hash',
    '密钥决定签名方式，网关决定散列算法',
  ),
  row('the least is {1}', 'das Mindeste ist {1}', '最小值为 {1}'),
  row(
    'the name in the gateway’s certificate is always checked',
    'der Name im Zertifikat des Gateways wird immer geprüft',
    '总会检查网关证书中的名称',
  ),
  row('the networks decide', 'es entscheiden die Netze', '以网络为准'),
  row(
    'the networks that the gateway grants decide what goes into the tunnel',
    'die Netze, die das Gateway gewährt, entscheiden, was in den Tunnel geht',
    '哪些流量进入隧道由网关允许的网络决定',
  ),
  row(
    'the password is not in the file; it is asked for while connecting',
    'das Passwort ist nicht in der Datei; danach wird beim Verbinden gefragt',
    '文件中没有密码；连接时会询问',
  ),
  row(
    'the pre-shared key is not in the file: adit set-secret',
    'der vorinstallierte Schlüssel (PSK) ist nicht in der Datei; Adit fragt danach',
    '文件中没有预共享密钥；Adit 会询问',
  ),
  row(
    'the pre-shared key is not in the file',
    'der vorinstallierte Schlüssel (PSK) ist nicht in der Datei',
    '文件中没有预共享密钥',
  ),
  row('the proposals decide', 'es entscheiden die Vorschläge', '以提议为准'),
  row(
    'the user name is not in the file; it is asked for while connecting',
    'der Benutzername ist nicht in der Datei; danach wird beim Verbinden gefragt',
    '文件中没有用户名；连接时会询问',
  ),
  row('this VPN does not use it', 'dieses VPN benutzt es nicht', '此 VPN 不使用它'),
  row('this payload is no VPN', 'dieser Teil ist kein VPN', '此部分不是 VPN'),
  row('this section is unknown to Adit', 'diesen Abschnitt kennt Adit nicht', 'Adit 不认识此段'),
  row('this setting is unknown to Adit', 'diese Einstellung kennt Adit nicht', 'Adit 不认识此设置'),
  row('unknown to Adit', 'Adit unbekannt', 'Adit 不认识'),
  row('it belongs to IKEv1', 'es gehört zu IKEv1', '它属于 IKEv1'),
  row(
    'what Windows’ EAP methods keep; authorities by fingerprint among it',
    'was Windows’ EAP-Verfahren aufbewahren, darunter Zertifizierungsstellen nach Fingerabdruck',
    'Windows 的 EAP 方式所保存的内容，其中包括按指纹指定的证书颁发机构',
  ),
  row(
    'what goes past the tunnel is decided by the gateway’s networks; a kill switch comes later',
    'was am Tunnel vorbeigeht, entscheiden die Netze des Gateways; eine Sperre kommt später',
    '哪些流量绕过隧道由网关的网络决定；断网保护将在以后提供',
  ),
  row(
    'without a visible name the user’s own is said outside',
    'ohne sichtbaren Namen wird außen der des Benutzers genannt',
    '没有公开名称时，外层使用用户自己的名称',
  ),
  row(
    '{1} more settings are not listed',
    '{1} weitere Einstellungen sind nicht aufgeführt',
    '另有 {1} 项设置未列出',
  ),
  row(
    'Adit also sends fragments where the gateway takes them',
    'Adit sendet auch Fragmente, wo das Gateway sie annimmt',
    '网关接受时，Adit 也会发送分片',
  ),
  row(
    'Adit connects again by itself, as often as reconnect.attempts of the profile says',
    'Adit verbindet sich von selbst wieder, so oft, wie es reconnect.attempts des Profils sagt',
    'Adit 会自行重新连接，次数由配置中的 reconnect.attempts 决定',
  ),
  row(
    'Adit connects when it is asked to, or when it starts, if its settings say so',
    'Adit verbindet sich, wenn man es verlangt, oder beim Start, wenn es so eingestellt ist',
    '在您要求时，或按设置在启动时，Adit 才会连接',
  ),
  row(
    'Adit does not check certificate policies',
    'Adit prüft keine Zertifikatsrichtlinien',
    'Adit 不检查证书策略',
  ),
  row(
    'Adit follows only to the gateways of accept-redirect-to',
    'Adit folgt nur zu den Gateways von accept-redirect-to',
    'Adit 只会转到 accept-redirect-to 中的网关',
  ),
  row(
    'Adit gives IKE packets no DSCP',
    'Adit gibt IKE-Paketen keinen DSCP-Wert',
    'Adit 不为 IKE 数据包设置 DSCP',
  ),
  row(
    'Adit offers its own proposals; name others under ike.proposals and child.proposals',
    'Adit bietet seine eigenen Vorschläge an; nennen Sie andere unter ike.proposals und child.proposals',
    'Adit 提供自己的提议；其他提议请写在 ike.proposals 和 child.proposals 中',
  ),
  row(
    'Adit opens no files: import {1}, an authority’s certificate, together with this one',
    'Adit öffnet keine Dateien: importieren Sie {1}, das Zertifikat einer Zertifizierungsstelle, zusammen mit dieser',
    'Adit 不打开其他文件：请将证书颁发机构的证书 {1} 与此文件一起导入',
  ),
  row(
    'Adit opens no files: import {1}, the gateway’s certificate, together with this one',
    'Adit öffnet keine Dateien: importieren Sie {1}, das Zertifikat des Gateways, zusammen mit dieser',
    'Adit 不打开其他文件：请将网关的证书 {1} 与此文件一起导入',
  ),
  row(
    'Adit sends fragments only where a message does not fit',
    'Adit sendet Fragmente nur, wo eine Nachricht nicht passt',
    '仅当消息放不下时，Adit 才会分片',
  ),
  row('AH is not supported', 'AH wird nicht unterstützt', '不支持 AH'),
  row(
    'IKE_INTERMEDIATE (RFC 9242) is not supported yet',
    'IKE_INTERMEDIATE (RFC 9242) wird noch nicht unterstützt',
    '尚不支持 IKE_INTERMEDIATE（RFC 9242）',
  ),
  row(
    'IPv{1} is blocked only where the tunnel takes all of IPv{2} and nothing of IPv{3}',
    'IPv{1} wird nur gesperrt, wo der Tunnel alles von IPv{2} und nichts von IPv{3} nimmt',
    '仅当隧道承载全部 IPv{2} 而不承载 IPv{3} 时，才阻止 IPv{1}',
  ),
  row('L2TP is not supported', 'L2TP wird nicht unterstützt', '不支持 L2TP'),
  row(
    'TCP in place of UDP is not supported yet',
    'TCP anstelle von UDP wird noch nicht unterstützt',
    '尚不支持以 TCP 代替 UDP',
  ),
  row('XAuth is for IKEv1 only', 'XAuth ist nur für IKEv1', 'XAuth 仅用于 IKEv1'),
  row('"proposal" is not on', '„proposal“ ist nicht eingeschaltet', '“proposal”未启用'),
  row(
    'a gateway may send Adit only where gateway.redirects of the profile says',
    'ein Gateway darf Adit nur dorthin schicken, wohin gateway.redirects des Profils es erlaubt',
    '网关只能将 Adit 转到配置中 gateway.redirects 所允许的地方',
  ),
  row(
    'a second certificate is not supported',
    'ein zweites Zertifikat wird nicht unterstützt',
    '不支持第二个证书',
  ),
  row(
    'any sound signature of the gateway is accepted',
    'jede gültige Signatur des Gateways wird angenommen',
    '接受网关的任何有效签名',
  ),
  row(
    'becomes "relaxed": what is named is asked, silence passes',
    'wird zu „relaxed“: was genannt ist, wird gefragt, Schweigen reicht',
    '改为“relaxed”：会询问所列的服务，无答复也放行',
  ),
  row('becomes no limit in bytes', 'wird zu keiner Grenze in Bytes', '改为不限字节数'),
  row('becomes no limit in packets', 'wird zu keiner Grenze in Paketen', '改为不限数据包数'),
  row('becomes {1}', 'wird zu {1}', '改为 {1}'),
  row(
    'becomes {1}, which the gateway narrows',
    'wird zu {1}, was das Gateway einschränkt',
    '改为 {1}，由网关缩小范围',
  ),
  row(
    'behind a NAT ESP goes in UDP all the same',
    'hinter einem NAT geht ESP trotzdem in UDP',
    '在 NAT 之后，ESP 仍用 UDP 承载',
  ),
  row(
    'belongs into a section such as "ike-home"',
    'gehört in einen Abschnitt wie „ike-home“',
    '应写在“ike-home”之类的段中',
  ),
  row(
    'certificates on tokens are not supported yet',
    'Zertifikate auf Tokens werden noch nicht unterstützt',
    '尚不支持令牌上的证书',
  ),
  row('concerns Apple’s devices alone', 'betrifft nur Apples Geräte', '仅与 Apple 设备有关'),
  row(
    'connecting on demand is not supported yet',
    'sich bei Bedarf zu verbinden wird noch nicht unterstützt',
    '尚不支持按需连接',
  ),
  row(
    'eap_identity says whom the second round is for',
    'eap_identity sagt, für wen die zweite Runde ist',
    '第二轮的身份由 eap_identity 指定',
  ),
  row(
    'expected a domain and addresses of its name servers',
    'erwartet werden eine Domäne und Adressen ihrer Namensserver',
    '应为域名及其名称服务器的地址',
  ),
  row(
    'files by handle or on tokens are not supported yet',
    'Dateien nach Handle oder auf Tokens werden noch nicht unterstützt',
    '尚不支持按句柄指定或令牌上的文件',
  ),
  row(
    'filters for single programs are not supported yet',
    'Filter für einzelne Programme werden noch nicht unterstützt',
    '尚不支持针对个别程序的过滤规则',
  ),
  row(
    'for IKEv1, beside the IKEv2 that is taken',
    'für IKEv1, neben dem IKEv2, das genommen wird',
    '用于 IKEv1；采用的是 IKEv2',
  ),
  row('for another maker’s app', 'für die App eines anderen Herstellers', '供其他厂商的应用使用'),
  row('for other types of VPN', 'für andere Arten von VPN', '用于其他类型的 VPN'),
  row(
    'hashes in place of passwords are not supported',
    'Hashes anstelle von Passwörtern werden nicht unterstützt',
    '不支持以散列值代替密码',
  ),
  row(
    'keys in agents and on smartcards are not supported yet: give a PKCS#12 file',
    'Schlüssel in Agenten und auf Smartcards werden noch nicht unterstützt: geben Sie eine PKCS#12-Datei an',
    '尚不支持代理程序和智能卡中的密钥：请提供 PKCS#12 文件',
  ),
  row('left out what is no host', 'was kein Rechner ist, entfällt', '已省略不是主机的内容'),
  row('libreswan’s dialect', 'der Dialekt von libreswan', 'libreswan 的写法'),
  row('strongSwan’s dialect', 'der Dialekt von strongSwan', 'strongSwan 的写法'),
  row('mediation is not supported', 'Vermittlung wird nicht unterstützt', '不支持中介连接'),
  row(
    'name dns.servers to replace what the gateway assigns',
    'nennen Sie dns.servers, um zu ersetzen, was das Gateway zuweist',
    '要替换网关分配的服务器，请填写 dns.servers',
  ),
  row(
    'name the gateways in gateway.redirects of the profile',
    'nennen Sie die Gateways in gateway.redirects des Profils',
    '请在配置的 gateway.redirects 中写明网关',
  ),
  row('name [protocol/port] in {1}', 'nennen Sie [Protokoll/Port] in {1}', '请在 {1} 中写明 [协议/端口]'),
  row(
    'names past the tunnel are not supported yet',
    'Namen am Tunnel vorbei werden noch nicht unterstützt',
    '尚不支持绕过隧道解析的名称',
  ),
  row(
    'networks past the tunnel are not supported yet',
    'Netze am Tunnel vorbei werden noch nicht unterstützt',
    '尚不支持绕过隧道的网络',
  ),
  row('no EAP configuration', 'keine EAP-Konfiguration', '没有 EAP 配置'),
  row('of no use to Adit', 'für Adit ohne Nutzen', '对 Adit 没有用处'),
  row('our certificate', 'unser Zertifikat', '我们的证书'),
  row('our private key', 'unser privater Schlüssel', '我们的私钥'),
  row(
    'patterns and lists are not supported',
    'Muster und Listen werden nicht unterstützt',
    '不支持通配符和列表',
  ),
  row(
    'postquantum pre-shared keys (RFC 8784) are not supported yet',
    'quantensichere vorinstallierte Schlüssel (RFC 8784) werden noch nicht unterstützt',
    '尚不支持后量子预共享密钥（RFC 8784）',
  ),
  row(
    'raw keys are not supported; expected certificates',
    'bloße Schlüssel werden nicht unterstützt; erwartet werden Zertifikate',
    '不支持裸密钥；应为证书',
  ),
  row(
    'raw public keys are not supported; expected certificates',
    'bloße öffentliche Schlüssel werden nicht unterstützt; erwartet werden Zertifikate',
    '不支持裸公钥；应为证书',
  ),
  row(
    'resumption (RFC 5723) is not supported yet',
    'Wiederaufnahme (RFC 5723) wird noch nicht unterstützt',
    '尚不支持会话恢复（RFC 5723）',
  ),
  row(
    'several files may be meant ({1}): import one of them',
    'mehrere Dateien können gemeint sein ({1}): importieren Sie eine davon',
    '可能指多个文件（{1}）：请只导入其中一个',
  ),
  row(
    'several key exchanges (RFC 9370) are not supported yet',
    'mehrere Schlüsselaustausche (RFC 9370) werden noch nicht unterstützt',
    '尚不支持多重密钥交换（RFC 9370）',
  ),
  row(
    'the PKCS#12 file is missing: import it together with the profile',
    'die PKCS#12-Datei fehlt: importieren Sie sie zusammen mit dem Profil',
    '缺少 PKCS#12 文件：请与配置一起导入',
  ),
  row(
    'the authorities that are imported decide',
    'es entscheiden die importierten Zertifizierungsstellen',
    '以导入的证书颁发机构为准',
  ),
  row(
    'the certificate that is imported along decides',
    'es entscheidet das mitimportierte Zertifikat',
    '以一起导入的证书为准',
  ),
  row(
    'the first Child SA always comes with IKE_AUTH',
    'die erste Child SA kommt immer mit IKE_AUTH',
    '第一个 Child SA 总是随 IKE_AUTH 建立',
  ),
  row(
    'the gateway’s certificate must carry RemoteIdentifier',
    'das Zertifikat des Gateways muss RemoteIdentifier tragen',
    '网关证书必须包含 RemoteIdentifier',
  ),
  row(
    'the key in the certificate decides',
    'es entscheidet der Schlüssel im Zertifikat',
    '以证书中的密钥为准',
  ),
  row('the largest window is {1}', 'das größte Fenster ist {1}', '最大窗口为 {1}'),
  row('the longest is {1} seconds', 'das Längste sind {1} Sekunden', '最长为 {1} 秒'),
  row('the nearest possible is {1}', 'das nächste Mögliche ist {1}', '最接近的可用值为 {1}'),
  row(
    'the nearest possible is {1} seconds',
    'das nächste Mögliche sind {1} Sekunden',
    '最接近的可用值为 {1} 秒',
  ),
  row(
    'the private key is encrypted and its password is not in the file',
    'der private Schlüssel ist verschlüsselt und sein Passwort ist nicht in der Datei',
    '私钥已加密，且文件中没有其密码',
  ),
  row(
    'the truncation of an old draft is not supported',
    'die Kürzung eines alten Entwurfs wird nicht unterstützt',
    '不支持旧草案的截断方式',
  ),
  row('the user’s method is taken', 'genommen wird das Verfahren des Benutzers', '采用用户的方式'),
  row(
    'traffic flow confidentiality padding is not supported yet',
    'Auffüllen zum Verbergen des Verkehrs (TFC) wird noch nicht unterstützt',
    '尚不支持流量机密性填充（TFC）',
  ),
  row(
    'used in place of what the gateway assigns',
    'wird anstelle dessen benutzt, was das Gateway zuweist',
    '用来代替网关分配的内容',
  ),
  row(
    'whether the gateway brings an OCSP answer along is its own choice',
    'ob das Gateway eine OCSP-Antwort mitbringt, ist seine Sache',
    '是否附带 OCSP 应答由网关决定',
  ),
  row(
    'whoever types a secret says whether Adit keeps it',
    'wer ein Geheimnis eingibt, sagt, ob Adit es behält',
    '由输入者决定 Adit 是否保存',
  ),
];

interface Pattern {
  readonly matches: RegExp;
  readonly row: Row;
}

/** More words first: `left out: {1}` takes what nothing better takes. A value holds no `;`, which joins sentences. */
const PATTERNS: readonly Pattern[] = ROWS.map((one) => ({
  matches: new RegExp(
    `^${one.en
      .split(/\{\d\}/)
      .map(escaped)
      .join('([^;]+?)')}$`,
  ),
  row: one,
})).sort((a, b) => literal(b.row.en) - literal(a.row.en));

/** With its marks meaning themselves. */
function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function literal(sentence: string): number {
  return sentence.replaceAll(/\{\d\}/g, '').length;
}

/** The reason in a language, which may be several sentences joined by `; `; undefined where one has no row. */
export function translatedReason(reason: string, language: Language): string | undefined {
  const whole = sentence(reason, language);
  if (whole !== undefined) return whole;
  for (let at = reason.indexOf('; '); at >= 0; at = reason.indexOf('; ', at + 1)) {
    const first = sentence(reason.slice(0, at), language);
    const rest = first === undefined ? undefined : translatedReason(reason.slice(at + 2), language);
    if (rest !== undefined) return `${first}${language === 'zh' ? '；' : '; '}${rest}`;
  }
  return undefined;
}

function sentence(reason: string, language: Language): string | undefined {
  for (const { matches, row: found } of PATTERNS) {
    const values = matches.exec(reason);
    if (values) return found[language].replaceAll(/\{(\d)\}/g, (_, at: string) => values[Number(at)] ?? '');
  }
  return undefined;
}
