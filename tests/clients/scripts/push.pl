# Net::SFTP::Foreign, as tests/clients/scripted.py drives it. OpenSSH's ssh makes its connection.
use strict;
use warnings;
use Net::SFTP::Foreign;
use Net::SFTP::Foreign::Constants qw(SSH2_FX_FAILURE);

if ($ARGV[0] eq 'version') {
    print "$Net::SFTP::Foreign::VERSION\n";
    exit 0;
}
my ($port, $user, undef, $key, $known_hosts) = @ARGV;
my @options = map { "-o$_" } (
    "IdentityFile=$key", "UserKnownHostsFile=$known_hosts", 'StrictHostKeyChecking=yes', 'BatchMode=yes',
);
my $sftp = Net::SFTP::Foreign->new(
    '127.0.0.1', port => $port, user => $user, more => ['-F', '/dev/null', @options],
);
$sftp->error and die 'no connection: ' . $sftp->error . "\n";

my %commands = (
    put    => sub { $sftp->put($_[0], $_[1]) },
    temp   => sub { $sftp->put($_[0], $_[1], atomic => 1, overwrite => 1) },
    resume => sub { $sftp->put($_[0], $_[1], resume => 1) },
    mkdir  => sub { $sftp->mkdir($_[0]) or $sftp->status == SSH2_FX_FAILURE },
    date   => sub { $sftp->utime($_[0], $_[1], $_[1]) and $sftp->chmod($_[0], oct $_[2]) },
    list   => sub { my $found = $sftp->ls($_[0]); print "$_->{longname}\n" for @{ $found || [] }; $found },
    get    => sub { $sftp->get($_[0], $_[1]) },
);
while (my $line = <STDIN>) {
    chomp $line;
    my ($command, @words) = split /\t/, $line;
    $commands{$command}->(@words) or die "$command: " . $sftp->error . "\n";
}
