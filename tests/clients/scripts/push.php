<?php
// phpseclib 3, as tests/clients/scripted.py drives it.
use phpseclib3\Net\SFTP;

error_reporting(E_ALL & ~E_DEPRECATED);
if (!(@include 'phpseclib3/autoload.php')) {
    fail('phpseclib 3 is not installed');
}
if ($argv[1] === 'version') {
    echo trim(`dpkg-query --showformat='\${source:Upstream-Version}' --show php-phpseclib3` ?? '3'), "\n";
    exit(0);
}
[, $port, $user, $password] = $argv;
try {
    $sftp = new SFTP('127.0.0.1', (int) $port, 30);
    $sftp->login($user, $password) or fail('the login was refused');
    while (($line = fgets(STDIN)) !== false) {
        run($sftp, explode("\t", rtrim($line, "\n"))) or fail(json_encode($sftp->getSFTPErrors()));
    }
} catch (Throwable $error) {
    fail($error->getMessage());
}

function run(SFTP $sftp, array $words): bool
{
    switch ($words[0]) {
        case 'put':
            return $sftp->put($words[2], $words[1], SFTP::SOURCE_LOCAL_FILE);
        case 'temp': // its rename replaces nothing
            return $sftp->put("$words[2].tmp", $words[1], SFTP::SOURCE_LOCAL_FILE)
                && (!$sftp->file_exists($words[2]) || $sftp->delete($words[2], false))
                && $sftp->rename("$words[2].tmp", $words[2]);
        case 'resume':
            // Without the last argument it appends the whole file to what is there.
            $came = $sftp->stat($words[2])['size'];
            return $sftp->put($words[2], $words[1], SFTP::SOURCE_LOCAL_FILE | SFTP::RESUME, -1, $came);
        case 'mkdir':
            return $sftp->mkdir($words[1]) || $sftp->is_dir($words[1]);
        case 'date':
            return $sftp->touch($words[1], (int) $words[2], (int) $words[2])
                && $sftp->chmod(octdec($words[3]), $words[1]) !== false;
        case 'list':
            echo implode("\n", array_keys($sftp->rawlist($words[1]))), "\n";
            return true;
        case 'get':
            return $sftp->get($words[1], $words[2]);
    }
    return false;
}

function fail(string $reason): void
{
    fwrite(STDERR, "$reason\n");
    exit(1);
}
