/** Names of fields that hold credentials, without `-` and `_`, in lower case. */
export const SECRET_FIELDS: readonly string[] = [
  ...['password', 'passwd', 'passphrase', 'secret', 'token', 'authorization', 'proxyauthorization', 'cookie'],
  ...['setcookie', 'apikey', 'xapikey', 'apisecret', 'apitoken', 'accesskey', 'secretkey', 'privatekey', 'signingkey'],
  ...[
    'encryptionkey',
    'clientsecret',
    'appsecret',
    'authtoken',
    'xauthtoken',
    'accesstoken',
    'refreshtoken',
    'idtoken',
  ],
  ...['sessiontoken', 'bearertoken', 'securitytoken', 'csrftoken', 'awssecretaccesskey', 'secretaccesskey'],
  ...['awssessiontoken', 'connectionstring', 'credentials', 'webhooksecret'],
];

/**
 * Known forms of credentials in any text. Each begins with a letter or sign that is written out, what stands before it is
 * looked at only there, and what follows is of a bounded length or begins only where a run of its letters does: so a text is
 * read in a time that grows with its length alone. Several small expressions are read faster than a large one.
 */
export const SECRET_FORMS: readonly RegExp[] = [
  // Keys in PEM, JSON Web Tokens, HTTP, URLs
  anyOf(
    '-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY',
    'eyJ(?<![\\w-]eyJ)[\\w-]{5,}\\.[\\w-]{5,}\\.[\\w-]{5}',
    'earer (?<=[Bb]earer )(?=[A-Za-z._~+/=-]{0,200}\\d)[\\w.~+/=-]{16}',
    'uthorization\\\\?["\']?\\s?[:=]\\s?\\\\?["\']?(?:Basic|Token|Digest) [\\w+/=.~-]{8}',
    '://[^\\s/:@?#"\'<>{}$]{0,200}:(?!(?:\\*{1,200}|[Pp]ass(?:word)?|PASS(?:WORD)?|pwd?|secret|x{1,20})@)[^\\s/@"\'<>{}$]{1,200}@',
  ),
  // Parameters of URLs, connection strings, lines of environment files
  anyOf(
    '=(?<=[?&](?:access_token|refresh_token|api_?key|client_secret|X-Amz-Signature)=)[\\w%.~+/-]{8}',
    '=(?<=AccountKey=|SharedAccessKey=)[A-Za-z0-9+/]{40}',
    '=(?<=(?:PASSWORD|PASSWD|SECRET|TOKEN|(?:API|SECRET|ACCESS|PRIVATE)_?KEY)=)["\']?(?!["\'*<{$\\s])\\S{6}',
    'ccess(?<=[Aa]ccess)_?[Kk]ey\\\\?["\']?\\s?[:=]\\s?\\\\?["\']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])',
  ),
  // Clouds, code hosts
  anyOf(
    'A(?:KIA|SIA)(?<!\\wA\\wIA)[0-9A-Z]{16}(?!\\w)',
    'AIza[\\w-]{35}',
    'ya29\\.[\\w-]{20}',
    'gh[pousr]_(?<!\\wgh\\w_)[A-Za-z0-9]{30}',
    'github_pat_\\w{22}',
    'gl(?:pat|dt|rt|ptt|cbt|soat)-[\\w-]{20}',
  ),
  // Registries and services
  anyOf(
    'npm_[A-Za-z0-9]{36}',
    'pypi-AgE[\\w-]{20}',
    'xox[abeoprs]-[\\w-]{10}',
    'sk-(?<![\\w-]sk-)(?:(?:proj|svcacct|admin|ant|or|lf)-[\\w-]{16}|[A-Za-z0-9]{20})',
    'k_(?<=(?<!\\w)[sr]k_)(?:live|test)_[A-Za-z0-9]{10}',
    'whsec_[A-Za-z0-9+/]{16}',
    'hf_(?<!\\whf_)[A-Za-z0-9]{30}',
    'hvs\\.[\\w-]{20}',
  ),
];

/**
 * A field with a text in JSON, as it stands in a text: quoted, perhaps once more. The first group is its name, the second the
 * beginning of its value.
 */
export const QUOTED_FIELD = /["']([\w-]{4,40})\\?["']\s{0,4}:\s{0,4}\\?["']([^"'\\]{1,40})/g;

/** What stands for a credential that was taken out. */
export const MASK = /^(?:\*+|x{3,}|\[?(?:redacted|masked|hidden|filtered|secret)\]?|<[^>]*>|\$\{[^}]*\})$/i;

function anyOf(...forms: readonly string[]): RegExp {
  return new RegExp(forms.join('|'));
}
