#!/usr/bin/perl
# A client in another language, built from the OpenAPI document. Arguments: DOCUMENT BASE-URL QUESTION.
# It creates a run with a function call and a streamed run, and prints the results as JSON.
use v5.30;
use warnings;
use JSON::PP;
use Mojo::URL;
use OpenAPI::Client;

my ($document, $base_url, $question) = @ARGV;
my $token = $ENV{OPENAI_API_KEY} // 'sk-old-program';
my $client = OpenAPI::Client->new("file://$document", base_url => Mojo::URL->new($base_url));
$client->ua->on(start => sub { $_[1]->req->headers->authorization("Bearer $token") });

sub send_request {
  my ($operation, $parameters, $body) = @_;
  # The client modifies its parameters.
  my $tx = $client->call($operation => {%{$parameters}}, $body ? (json => $body) : ());
  die sprintf "%s: %s %s\n", $operation, $tx->res->code, $tx->res->body if $tx->res->code != 200;
  return $tx->res;
}

sub send_json { return send_request(@_)->json }

sub poll_run {
  my %params = @_;
  while (1) {
    my $run = send_json(getRun => \%params);
    return $run if $run->{status} !~ /^(?:queued|in_progress|cancelling)$/;
  }
}

my $assistant = send_json(createAssistant => {}, {
  model => 'gpt-4.1-mini',
  instructions => 'Be brief.',
  tools => [{type => 'function', function => {name => 'get_weather'}}],
});
my $thread = send_json(createThread => {}, {messages => [{role => 'user', content => $question}]});
my %thread = (thread_id => $thread->{id});
my $created = send_json(createRun => \%thread, {assistant_id => $assistant->{id}});
my %run = (%thread, run_id => $created->{id});

my $waiting = poll_run(%run);
my @calls = @{$waiting->{required_action}{submit_tool_outputs}{tool_calls}};
send_json(submitToolOuputsToRun => \%run, {
  tool_outputs => [map { {tool_call_id => $_->{id}, output => '-3C, snow'} } @calls],
});
my $completed = poll_run(%run);
my $messages = send_json(listMessages => {%thread, order => 'asc', limit => 10});
my $steps = send_json(listRunSteps => {%run, order => 'asc'});
my $stream = send_request(createThreadAndRun => {}, {
  assistant_id => $assistant->{id},
  stream => JSON::PP::true,
  tool_choice => 'none',
})->body;

print encode_json({
  statuses => [map { $_->{status} } $created, $waiting, $completed],
  functions => [map { $_->{function}{name} } @calls],
  messages => [map { {role => $_->{role}, text => $_->{content}[0]{text}{value}} } @{$messages->{data}}],
  steps => [map { $_->{type} } @{$steps->{data}}],
  events => [$stream =~ /^event: (.+)$/mg],
  deleted => send_json(deleteThread => \%thread)->{deleted} ? JSON::PP::true : JSON::PP::false,
});
