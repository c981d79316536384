using System.CommandLine;
using System.Diagnostics;
using GpuCnn.Cli;
using NUnit.Framework;

namespace GpuCnn.Tests.Cli.Hostile;

/// <summary>
/// Whatever a command line says and whatever a path leads to: it succeeds, or fails at once with one line that is not about a defect.
/// </summary>
public sealed class HostileCommandLineTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private static readonly string[] Numbers =
    [
        "", " ", "x", "-1", "0", "NaN", "-Infinity", "1e400", "1,5", "1.500,25", "0x10", "99999999999999999999999", "2147483648",
        "1_000", "１２", "1e-46", "--", "-", "@x", "true",
    ];

    private static readonly string[] Words =
    [
        "", " ", "none\nsuch", "\e[2J", "ñ図", ",", ",,", "a,,b", ":", "cpu:-1", "cuda:99999999999", "x=", "=", "@file", "%s%n", "'", "*",
        "\0", "\ufffd", new('x', 5000),
    ];

    private HostileFiles _files = null!;

    [OneTimeSetUp]
    public void Prepare() => _files = new();

    [OneTimeTearDown]
    public void Remove() => _files.Dispose();

    /// <summary>Every option of every command, with values that are wrong for most; what else the line says leads nowhere.</summary>
    [Test]
    public void EveryOptionWithEveryValue()
    {
        int lines = 0;
        foreach ((Command command, string[] path) in Commands())
        {
            string[] nowhere = Nowhere(path);
            foreach (Option option in command.Options.Where(option => option is not System.CommandLine.Help.HelpOption))
                foreach (string value in (string[])[.. Numbers, .. Words])
                {
                    Refuses([.. path, .. nowhere, option.Name, value]);
                    lines++;
                }
        }
        Assert.That(lines, Is.GreaterThan(2000));
    }

    [Test]
    public void RepeatedOptionsAndThoseOfOtherCommands()
    {
        string[] all = [.. Commands().SelectMany(found => found.Command.Options).Select(option => option.Name).Distinct()];
        foreach ((Command command, string[] path) in Commands())
        {
            foreach (string name in all.Where(name => name is not ("--help" or "--version")))
                Refuses([.. path, .. Nowhere(path), name, "1", name, "1"]);
        }
    }

    /// <summary>Every place that takes a path, with every path.</summary>
    [TestCaseSource(nameof(Places))]
    public void EveryPathInEveryPlace(string line)
    {
        foreach ((string what, string path) in _files.Paths)
        {
            string[] args = [.. line.Split(' ').Select(word => word switch
            {
                "PATH" => path,
                "DATA" => _files.Data,
                "WEIGHTS" => _files.Weights,
                "IMAGE" => _files.Image,
                "NEW" => _files.New(),
                _ => word,
            })];
            EndsWell(args, what);
        }
    }

    private static IEnumerable<string> Places() =>
    [
        "train --data PATH --out NEW", "train --data DATA --val PATH --out NEW", "train --data DATA --weights PATH --out NEW",
        "train --resume PATH", "eval --data PATH --weights WEIGHTS", "eval --data DATA --weights PATH",
        "eval --data DATA --weights WEIGHTS,PATH", "predict --weights PATH IMAGE", "predict --weights WEIGHTS PATH",
        "predict --weights WEIGHTS --json IMAGE PATH", "import --model smallcnn --from PATH --out NEW --mean 0,0,0 --std 1,1,1",
        "import --model smallcnn --from WEIGHTS --classes-file PATH --out NEW --mean 0,0,0 --std 1,1,1", "data check PATH",
        "data preview PATH NEW.png", "data decode PATH NEW.png", "filter blur PATH NEW.png", "summary PATH",
            "kernels show PATH --dialect cuda",
    ];

    /// <summary>Places that are written to: only paths that nothing may be written to.</summary>
    [TestCase("data decode IMAGE PATH")]
    [TestCase("data preview DATA PATH --rows 1 --columns 1 --input 3x16x16")]
    [TestCase("filter blur IMAGE PATH")]
    [TestCase("train --model smallcnn --data DATA --input 3x16x16 --batch 4 --steps 1 --out PATH")]
    [TestCase("data demo PATH")]
    public void PlacesThatCannotBeWritten(string line)
    {
        foreach (string what in (string[])["name that is too long", "path that is too long", "zero byte", "file of /proc",
            "folder of /proc"])
        {
            if (!_files.Paths.TryGetValue(what, out string? path)) continue;
            string[] args = [.. line.Split(' ').Select(word =>
                word switch { "PATH" => path, "DATA" => _files.Data, "IMAGE" => _files.Image, _ => word })];
            Refuses(args);
        }
    }

    /// <summary>Sizes beyond what an index counts or memory holds are refused before anything is allocated.</summary>
    [TestCase("summary lenet5 --classes 2000000000")]
    [TestCase("summary vgg16 --classes 2147483647")]
    [TestCase("summary lenet5 --batch 2000000000")]
    [TestCase("summary densenet121 --batch 2147483647")]
    [TestCase("summary vgg16 --input 3x30000x20000")]
    [TestCase("summary smallcnn --input 3x26000x26000")]
    [TestCase("summary resnet18 --input 1048576x1048576x1048576")]
    [TestCase("summary mlp --input 3x26000x26000")]
    [TestCase("bench --batch 1000000000")]
    [TestCase("bench --batch 2147483647 --models vgg16")]
    [TestCase("bench --batch 1000000 --models lenet5")]
    [TestCase("bench --batch 10000 --models vgg16")]
    [TestCase("bench --batch 100000 --models densenet121")]
    [TestCase("tune vgg16 --batch 1000000000")]
    [TestCase("tune resnet18 --batch 100000 --device cpu")]
    [TestCase("train --data DATA --batch 2147483647 --out NEW")]
    [TestCase("train --data DATA --input 3x20000x20000 --batch 1 --out NEW")]
    [TestCase("train --data DATA --model vgg16 --input 3x5000x5000 --batch 4 --out NEW")]
    [TestCase("train --data DATA --model vgg16 --batch 2800 --out NEW")]
    [TestCase("eval --data DATA --weights WEIGHTS --crop 8192")]
    [TestCase("data preview DATA NEW.png --rows 64 --columns 64 --input 3x20000x20000")]
    [TestCase("data bench DATA --input 3x30000x20000 --workers 1")]
    public void SizesBeyondAnyMachine(string line) =>
        EndsWell([.. line.Split(' ').Select(word => word switch
        {
            "DATA" => _files.Data,
            "WEIGHTS" => _files.Weights,
            _ => word.Replace("NEW", _files.New()),
        })], "", mustFail: !line.StartsWith("eval", StringComparison.Ordinal));

    /// <summary>Lines that miss a command by little, and the command that the message or the help names.</summary>
    [TestCase("--lenet", "gpucnn train --model lenet5")]
    [TestCase("lenet5", "gpucnn train --model lenet5")]
    [TestCase("LeNet5", "gpucnn train --model lenet5")]
    [TestCase("resnet18", "gpucnn summary resnet18")]
    [TestCase("--model lenet5", "gpucnn train --model lenet5")]
    [TestCase("--model=lenet5", "gpucnn train --model lenet5")]
    [TestCase("--data x", "gpucnn train --data x")]
    [TestCase("train lenet5", "gpucnn train --model lenet5")]
    [TestCase("train data/", "gpucnn train --data data/")]
    [TestCase("train ./pictures/of-cats", "gpucnn train --data ./pictures/of-cats")]
    [TestCase("train x.safetensors", "gpucnn train --weights x.safetensors")]
    [TestCase("eval --weights w --data d more/", "gpucnn eval --data more/")]
    [TestCase("train --learning-rate 0.1", "did you mean --lr?")]
    [TestCase("train --batch-size 8", "did you mean --batch?")]
    [TestCase("train --gpu", "did you mean --device?")]
    [TestCase("eval --weights w --data d --lr 1", "--lr belongs to gpucnn train")]
    [TestCase("summary --model lenet5", "gpucnn summary lenet5")]
    [TestCase("bench lenet5", "gpucnn bench --models lenet5")]
    [TestCase("help lenet5", "gpucnn train --model lenet5")]
    [TestCase("help trian", "did you mean train?")]
    [TestCase("trian", "did you mean train?")]
    [TestCase("-help", "did you mean --help?")]
    public void NearMissesNameTheRightCommand(string line, string named) =>
        Assert.That(Refuses(line.Split(' ')), Does.Contain(named));

    [TestCase("help", "--help")]
    [TestCase("help train", "train --help")]
    [TestCase("train help", "train --help")]
    [TestCase("help data check", "data check --help")]
    [TestCase("data help", "data --help")]
    [TestCase("-h train", "train --help")]
    [TestCase("train -h", "train --help")]
    [TestCase("train --lr 1 -h", "train --help")]
    [TestCase("train --model nonsense -h", "train --help")]
    [TestCase("data -h check", "data check --help")]
    [TestCase("-?", "--help")]
    [TestCase("predict -h --weights x", "predict --help")]
    public void HelpIsUnderstoodWherever(string line, string same) =>
        Assert.That(CommandLine.Succeed(line.Split(' ')).Output, Is.EqualTo(CommandLine.Succeed(same.Split(' ')).Output));

    private static IEnumerable<(Command Command, string[] Path)> Commands()
    {
        return All(CommandTree.Create(new(TextWriter.Null, TextWriter.Null)), []);

        static IEnumerable<(Command, string[])> All(Command command, string[] path) => command.Subcommands.SelectMany(sub =>
            All(sub, [.. path, sub.Name]).Prepend((sub, [.. path, sub.Name])));
    }

    /// <summary>What a command must be given, so that it ends by a missing file at the latest.</summary>
    private string[] Nowhere(string[] command) => string.Join(' ', command) switch
    {
        "train" => ["--data", _files.Paths["missing"]],
        "eval" => ["--data", _files.Paths["missing"], "--weights", _files.Paths["missing"]],
        "predict" => ["--weights", _files.Paths["missing"], "x.png"],
        "import" => ["--model", "lenet5", "--from", _files.Paths["missing"], "--out", _files.Paths["missing"]],
        "data check" or "data bench" => [_files.Paths["missing"]],
        "data preview" or "data decode" => [_files.Paths["missing"], _files.Paths["missing"]],
        "data demo" => [_files.Paths["empty file"]],
        "filter" => ["blur", _files.Paths["missing"], "x.png"],
        "summary" or "tune" => ["none"],
        "bench" => ["--models", "none"],
        "kernels show" => ["none", "--dialect", "cuda"],
        // Lists, whose options have no values.
        _ => ["none"],
    };

    private static string Refuses(string[] args) => EndsWell(args, "", mustFail: true);

    /// <summary>Runs a line and asserts how it ends; returns its line of standard error.</summary>
    private static string EndsWell(string[] args, string what, bool mustFail = false)
    {
        string line = $"gpucnn {string.Join(' ', args.Select(arg => arg.Length > 200 ? $"{arg[..200]}..." : arg))} ({what})";
        long start = Stopwatch.GetTimestamp();
        var task = Task.Run(() => CommandLine.Run(args));
        Assert.That(task.Wait(4 * Limit), $"did not end: {line}");
        TimeSpan taken = Stopwatch.GetElapsedTime(start);
        CommandResult result = task.Result;
        string said = $"{line}\n{result.Error}";
        Assert.Multiple(() =>
        {
            Assert.That(taken, Is.LessThan(Limit), said);
            Assert.That(result.Error, Does.Not.Contain("in a way it should not").And.Not.Contain("   at "), said);
            Assert.That(result.Error.Where(char.IsControl), Is.All.EqualTo('\n').Or.EqualTo('\r'), said);
            if (mustFail || result.Code != Program.Done)
            {
                Assert.That(result.Code, Is.EqualTo(Program.Failed).Or.EqualTo(Program.WrongUsage), said);
                // A command that goes on past images names each.
                int lines = what.EndsWith("as images", StringComparison.Ordinal) ? 7 : 1;
                Assert.That(result.Error.TrimEnd('\r', '\n').Split('\n'), Has.Length.LessThanOrEqualTo(lines), said);
                Assert.That(result.Error.Trim(), Is.Not.Empty, said);
            }
        });
        return result.Error;
    }
}
