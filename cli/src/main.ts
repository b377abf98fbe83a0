/**
 * The `videopush` command: what its words mean, and the one place where an error
 * becomes a message and an exit code.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_PORTS } from '@videopush/resources/builders/endpoints';
import { LIMITS, PIXEL_FORMATS } from '@videopush/resources/limits';
import { Argument, Command, Option } from 'commander';
import { type AddressVariables, takeVariables } from './addresses.ts';
import { collectClaims } from './claims.ts';
import { completionScript, SHELLS, type Shell } from './completion.ts';
import { describe, ExitCode, formatError } from './errors.ts';
import { addText, nameHelps } from './help.ts';
import { type ProbeFlags, probeCommand } from './probe.ts';
import { type PushFlags, pushCommand } from './push.ts';
import { type RenderFlags, renderCommand } from './render.ts';
import { type RunFlags, runCommand } from './run.ts';
import { type ServerFlags, serverCommand } from './server.ts';
import {
  oneOf,
  parseBitRate,
  parseBytes,
  parseColour,
  parseCrop,
  parseDuration,
  parseGop,
  parseRate,
  parseSize,
  parseVideoTrack,
  wholeNumber,
} from './values.ts';
import { versionText } from './version.ts';

const PROGRAM_HELP = 'MPEG program of the source, by its number, where there are several';
const CA_HELP = "certificate authorities to trust for https and rtmps, in place of the system's (PEM)";
const INSECURE_HELP = 'accept every certificate: whoever answers gets what is sent';
const TRACK_HELP = 'video track of the source, where there are several: a number from 0, id:N or lang:eng';

const sourceHelp = `\
SOURCE is a file, a URL (http, https, rtsp, rtmp, srt), or a test pattern:
  testpattern                                   1280x720 at 30 fps, endless
  testpattern:size=640x360,rate=25,duration=10  and pattern=smptehdbars
URL is where to push: rtsp://, rtmp://, rtmps://, srt://, or a file ending in .mkv, .mp4, .ts or .flv.
User name and password go into the URL (rtsp://user:password@host/path); they are never shown again.
\`ps\` shows the words of a command: put an address with a secret into a file that only you can read, and name that \
with --source-file or --url-file in place of the address, or put it into the environment variable VIDEOPUSH_SOURCE or \
VIDEOPUSH_URL. Of a URL that is read from there, only scheme and host are shown.`;

const examples = `
Examples:
  videopush push talk.mp4 rtsp://localhost:8554/talk
  videopush push talk.mp4 rtsp://localhost:8554/talk --repeat --bitrate 4M
  videopush push rtsp://camera/stream rtmp://server/app/key --catch-up burst
  videopush push testpattern:duration=10 out.mkv --codec libx265
  videopush push talk.mp4 --url-file url.txt

The first two need a server: start \`videopush server\` in another terminal.

Ctrl+C once stops gracefully: queued frames are still sent on time. Twice ends it at once.

Exit codes: 0 no frame lost, or only what --when-full and --catch-up allow; 1 frames lost, or ended at once by a second \
Ctrl+C; 2 wrong usage; 3 the source failed; 4 the output failed, was down at the end, or nothing was sent.`;

/** Says where the files of the examples are: beside the compiled command, or at the root of a checkout. */
function exampleFolder(): string {
  const here = import.meta.dirname;
  const folder = existsSync(join(here, 'examples')) ? here : join(here, '..', '..');
  return `\nThe folder examples/ is in:\n  ${folder}`;
}

const FOR_HELP = 'end this long after the first frame was sent, such as 90 or 5m (seconds, minutes)';

function pushWords(program: Command, variables: AddressVariables): void {
  const command = program
    .command('push')
    .description('push one source to one server, every frame on time')
    .argument('[SOURCE]', 'what to push')
    .argument('[URL]', 'where to')
    .option('--source-file <FILE>', 'a file with SOURCE, in place of it')
    .option('--url-file <FILE>', 'a file with URL, in place of it')
    .option('--codec <NAME>', 'H264, H265, VP8, … or an encoder by its name, such as libx264', 'H264')
    .option('--preset <NAME>', "the encoder's preset (libx264 default: veryfast)")
    .option('--tune <NAME>', "the encoder's tune (libx264 default: zerolatency); none: without one")
    .option(
      '--bitrate <RATE>',
      "bits per second, such as 4M (default: the source's, else by size)",
      parseBitRate,
    )
    .addOption(
      new Option(
        '--rate-control <MODE>',
        'keep to the bit rate, make it constant with filler data, or keep the quality (default: capped)',
      )
        .choices(['capped', 'constant', 'quality'])
        .argParser(oneOf('Capped', 'Constant', 'Quality')),
    )
    .option(
      '--max-bitrate <RATE>',
      'the most that any second takes (default: the bit rate; for quality twice what the size asks for)',
      parseBitRate,
    )
    .option(
      '--quality <N>',
      "for --rate-control quality, from 1 (best) to 51 (default: the encoder's, libx264 23, libx265 28)",
      wholeNumber(LIMITS.quality),
    )
    .option('--profile <NAME>', 'profile, such as baseline, main or high (default: as the pixels need)')
    .option('--level <LEVEL>', 'level, such as 4.1 (default: the lowest that fits)')
    .option('--size <WxH>', "picture size (default: the source's)", parseSize)
    .option(
      '--rate <FPS>',
      'constant frame rate, such as 25 or 30000/1001 (default: timestamps of the source)',
      parseRate,
    )
    .addOption(
      new Option(
        '--pixel-format <NAME>',
        'how pixels are stored (default: yuv420p, which every viewer shows)',
      ).choices(PIXEL_FORMATS),
    )
    .addOption(
      new Option(
        '--deinterlace <MODE>',
        'which pictures to deinterlace: those marked as interlaced (default), none, all',
      )
        .choices(['auto', 'off', 'always'])
        .argParser(oneOf('Auto', 'Off', 'Always')),
    )
    .addOption(
      new Option('--hdr <MODE>', 'HDR: convert it to SDR, which every screen shows (default), or keep it')
        .choices(['tone-map', 'keep'])
        .argParser(oneOf('ToneMap', 'Keep')),
    )
    .option('--square-pixels', 'scale to square pixels')
    .option('--crop <L,T,R,B>', 'pixels to cut off at the left, top, right and bottom', parseCrop)
    .option('--background <COLOUR>', "colour behind transparent pixels (default: '#000000')", parseColour)
    .option(
      '--gop <DISTANCE>',
      'distance of key frames, in frames (50) or in seconds of media (4s, default 2s)',
      parseGop,
    )
    .option('--bframes <N>', 'B-frames between references', wholeNumber(LIMITS.bFrames), 0)
    .option('--threads <N>', 'encoder threads, 0 = automatic', wholeNumber(LIMITS.threads), 0)
    .option('--queue <FRAMES>', 'capacity of the frame queue', wholeNumber(LIMITS.queueFrames), 20)
    .option(
      '--queue-memory <BYTES>',
      'memory of the frame queue, such as 512Mi (default: 256Mi); fewer frames wait rather than exceed it',
      parseBytes,
    )
    .addOption(
      new Option('--when-full <POLICY>', 'what a full queue does with the next frame')
        .choices(['block', 'drop-oldest', 'drop-newest'])
        .argParser(oneOf('Block', 'DropOldest', 'DropNewest'))
        .default('Block', 'block'),
    )
    .addOption(
      new Option(
        '--catch-up <POLICY>',
        'after a stall: shift the schedule, hurry (at most 1.25x), or drop late frames (default: rebase for files and test patterns, burst for live sources)',
      )
        .choices(['rebase', 'burst', 'skip'])
        .argParser(oneOf('Rebase', 'Burst', 'Skip')),
    )
    .option(
      '--latency <MS>',
      'latency budget between queue and wire, milliseconds',
      wholeNumber(LIMITS.latencyMilliseconds),
      100,
    )
    .option('--repeat', 'begin again at the end of the source, with continuous timestamps')
    .option('--for <DURATION>', FOR_HELP, parseDuration)
    .addOption(
      new Option('--rtsp-transport <T>', 'for an RTSP source').choices(['tcp', 'udp']).default('tcp'),
    )
    .option('--program <N>', PROGRAM_HELP, wholeNumber(LIMITS.program))
    .option('--video-track <T>', TRACK_HELP, parseVideoTrack)
    .option('--ca-file <FILE>', CA_HELP)
    .option('--insecure-skip-verify', INSECURE_HELP)
    .option('--json', 'JSON lines instead of the live view (always so when not on a terminal)')
    .action((first: string | undefined, second: string | undefined, flags: PushFlags) =>
      pushCommand([first, second], flags, variables),
    );
  addText(command, `${sourceHelp}\n${examples}`);
}

function serverWords(program: Command): void {
  const port = (name: string, number: number) =>
    new Option(`--${name.toLowerCase()}-port <PORT>`, `for ${name}`)
      .argParser(wholeNumber({ least: 1, most: 65_535 }))
      .default(number);
  const command = program
    .command('server')
    .description('start a media server (MediaMTX) for trying things out, until Ctrl+C')
    .option(
      '--host <ADDRESS>',
      'where it listens; 0.0.0.0: for every machine that reaches this one',
      '127.0.0.1',
    )
    .addOption(port('RTSP', DEFAULT_PORTS.rtsp))
    .addOption(port('RTMP', DEFAULT_PORTS.rtmp))
    .addOption(port('SRT', DEFAULT_PORTS.srt))
    .addOption(port('HLS', DEFAULT_PORTS.hls))
    .addOption(port('WebRTC', DEFAULT_PORTS.webrtc))
    .option('--json', 'a JSON line instead of text (always so when not on a terminal)')
    .action((flags: ServerFlags) => serverCommand(flags));
  addText(
    command,
    'It accepts every path, without a password. For a server with passwords write a MediaServer manifest and use `videopush run`.',
  );
}

function program(variables: AddressVariables): Command {
  const root = new Command('videopush')
    .description('Pushes video to streaming servers on time.')
    .version(versionText(), '-V, --version', 'print the versions of VideoPush, FFmpeg and Node')
    .helpOption('-h, --help', 'show this text')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'videopush: ')) })
    .exitOverride();
  pushWords(root, variables);
  root
    .command('probe')
    .description('inspect a source (measured, not guessed)')
    .argument('[SOURCE]', 'file, URL or testpattern')
    .option('--source-file <FILE>', 'a file with SOURCE, in place of it')
    .option('--json', 'the descriptor as JSON')
    .addOption(
      new Option('--rtsp-transport <T>', 'for an RTSP source').choices(['tcp', 'udp']).default('tcp'),
    )
    .option('--program <N>', PROGRAM_HELP, wholeNumber(LIMITS.program))
    .option('--video-track <T>', TRACK_HELP, parseVideoTrack)
    .option('--ca-file <FILE>', CA_HELP)
    .option('--insecure-skip-verify', INSECURE_HELP)
    .action((word: string | undefined, flags: ProbeFlags) => probeCommand(word, flags, variables));
  const run = root
    .command('run')
    .description('run VideoPush, VideoPushSet and MediaServer manifests on this machine, without a cluster')
    .argument('<FILE...>', 'YAML files')
    .option('--for <DURATION>', FOR_HELP, parseDuration)
    .option(
      '--claim <NAME=DIR>',
      'folder that stands for a PersistentVolumeClaim (repeatable)',
      collectClaims,
    )
    .option('--json', 'JSON lines instead of the live view (always so when not on a terminal)')
    .action((files: string[], flags: RunFlags) => runCommand(files, flags));
  addText(
    run,
    'Examples:\n  videopush run examples/local/mediamtx.yaml --for 60\n  videopush run examples/1-server.yaml examples/file-on-volume/2-stream.yaml --claim films=./videos',
  ).addHelpText('after', exampleFolder);
  const render = root
    .command('render')
    .description('print the objects that the operator would apply for manifests, without a cluster')
    .argument('<FILE...>', 'YAML files, - for standard input')
    .option('-n, --namespace <NAME>', 'of manifests that name none', 'default')
    .option('--key-file <FILE>', "the operator's key, 32 bytes, for passwords and their hashes")
    .option('--worker-image <IMAGE>', 'of decoders and encoders')
    .option('--mediamtx-image <IMAGE>', 'of media servers that name none')
    .option('--nats <ADDRESS>', 'nats://HOST:PORT for topology Split')
    .action((files: string[], flags: RenderFlags) => renderCommand(files, flags));
  addText(
    render,
    'Examples:\n  videopush render examples/local/mediamtx.yaml -n studio\n  kubectl get videopush demo -o yaml | videopush render --nats nats://nats:4222 -',
  ).addHelpText('after', exampleFolder);
  serverWords(root);
  root
    .command('completion')
    .description('print a script that completes the words of this command in a shell')
    .addArgument(new Argument('<SHELL>', 'bash, zsh or fish').choices(SHELLS))
    .action((shell: Shell) => void process.stdout.write(completionScript(root, shell)));
  nameHelps(root);
  return root;
}

/** Commander ends usage errors, --help and --version by throwing; everything else is ours. */
function exitCodeOf(error: unknown): ExitCode {
  const { exitCode, code } = error as { exitCode?: number; code?: string };
  if (typeof code === 'string' && code.startsWith('commander.'))
    return exitCode === 0 ? ExitCode.Ok : ExitCode.Usage;
  process.stderr.write(`${formatError(error)}\n`);
  return describe(error).exitCode;
}

// A closed pipe (`videopush … | head`) is the reader's choice, not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(ExitCode.Ok);
  throw error;
});

try {
  process.exitCode = ExitCode.Ok;
  await program(takeVariables(process.env)).parseAsync(process.argv);
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
