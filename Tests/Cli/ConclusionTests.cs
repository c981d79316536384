using System.Diagnostics;
using System.Formats.Tar;
using GpuCnn.Cli.Training;
using GpuCnn.Data;
using GpuCnn.Engine.Checkpoints;
using NUnit.Framework;

namespace GpuCnn.Tests.Cli;

/// <summary>The end of a run: commands to try next, and warnings where accuracy means little.</summary>
[Platform(Exclude = "Win", Reason = "Commands are given to a POSIX shell.")]
public sealed class ConclusionTests
{
    private static readonly string[] Options =
        ["--model", "linear", "--input", "3x8x8", "--device", "cpu", "--augment", "none", "--batch", "6", "--epochs", "2"];

    /// <summary>From the user's folder, with names that a shell would split.</summary>
    [TestCase("my pictures", "predict", "eval", "summary")]
    [TestCase("-pictures", "predict", "eval", "summary")]
    [TestCase("split", "predict", "eval", "eval", "summary")]
    [TestCase("pictures.tar", "eval", "summary")]
    [TestCase("few", "summary")]
    public void EachPrintedCommandRunsAsPrinted(string data, params string[] expected)
    {
        using TemporaryFolder folder = new();
        Write(folder, data);
        string shown = data.StartsWith('-') ? $"./{data}" : data;
        string output = Run(folder.Path, "gpucnn train " + string.Join(' ', Options) + $" --data '{shown}' --out 'my run'");
        string[] commands = Commands(output);
        Assert.That(commands.Select(command => command.Split(' ')[1]), Is.EqualTo(expected));
        foreach (string command in commands)
        {
            Assert.That(command, Does.Not.Contain(folder.Path));
            string answer = Run(folder.Path, command);
            if (command.Contains(" eval ")) Assert.That(answer,
                Does.Match("(?m)^Split +the [0-9]+ (images? that training validated on|validation images|test images)"));
        }
        if (commands[0].Contains(" predict ")) AssertUnseen(folder, commands[0]);
    }

    /// <summary>The data set's name was relative to another folder.</summary>
    [Test]
    public void ARunResumedFromElsewhereNamesItsDataFromThere()
    {
        using TemporaryFolder folder = new();
        NoiseData.Write(folder["begun", "data"], 12);
        Directory.CreateDirectory(folder["home"]);
        Run(folder["begun"], "gpucnn train " + string.Join(' ', Options) + " --data data --out run --steps 3");
        string output = Run(folder["home"], "gpucnn train --resume ../begun/run --epochs 2");
        foreach (string command in Commands(output)) Run(folder["home"], command);
        Assert.That(Commands(output), Has.Length.EqualTo(3));
    }

    [Test]
    public void AccuracyOfFewImagesHasAnInterval()
    {
        using TemporaryFolder folder = new();
        string output = NoiseData.Train(NoiseData.Write(folder["data"], 12), folder["run"]);
        Assert.That(output, Does.Match(@"(?m)^Accuracy  [0-9.]+ % \(95 % interval [0-9.]+ to [0-9.]+ %\) of 3 validation images right"));
        Assert.That(output, Does.Match(@"(?m)^Best      [0-9.]+ % after epoch [0-9]+, loss [0-9.]+$"));
        Assert.That(output, Does.Contain($"Weights   {folder["run", "best.safetensors"]} of the best epoch, "
            + $"{folder["run", "final.safetensors"]} of the last"));
        Assert.That(output, Does.Not.Contain("Warning"));
    }

    [Test]
    public void OneClassIsAWarning()
    {
        using TemporaryFolder folder = new();
        NoiseData.Write(folder["data"], 12);
        foreach (string name in NoiseData.Classes.Skip(1)) Directory.Delete(folder["data", name], recursive: true);
        AssertWarnings(NoiseData.Train(folder["data"], folder["run"]), "there is one class only");
    }

    [TestCase(1)]
    [TestCase(4)]
    public void ClassesOfOneImageAreAWarning(int classes)
    {
        using TemporaryFolder folder = new();
        NoiseData.Write(folder["data"], 12);
        for (int i = 0; i < classes; i++)
        {
            Directory.CreateDirectory(folder["data", $"single{i}"]);
            File.Copy(folder["data", "a", "000.png"], folder["data", $"single{i}", "0.png"]);
        }
        AssertWarnings(NoiseData.Train(folder["data"], folder["run"], "--epochs", "2", "--lr", "0.001"),
            classes == 1 ? @"1 class has a single training image \(single0\)"
                : @"4 classes have a single training image \(single0, single1, single2, ...\)");
    }

    [Test]
    public void ALossThatNeverFellIsAWarningAtTheEnd()
    {
        using TemporaryFolder folder = new();
        string output = NoiseData.Train(NoiseData.Write(folder["data"], 12), folder["run"], "--lr", "1e-12");
        Assert.That(output,
            Does.Match(@"(?m)^Warning   no epoch's training loss was below 1\.099, that of guessing by .*; try another --lr$"));
    }

    [TestCase(null, 2.0, 1.0)]
    [TestCase("1.000, that of the first", 2.0, 1.0, 1.0)]
    [TestCase("1.000, that of the first", 2.0, 1.0, 1.2, 0.9995)]
    [TestCase(null, 2.0, 1.0, 1.2, 0.99)]
    [TestCase(null, 2.0, 1.0, 0.5, 3.0)]
    [TestCase("0.500, that of guessing", 0.5, 1.0, 0.7, 0.6)]
    [TestCase(null, 0.5, 1.0, 0.4, 0.6)]
    [TestCase(null, null, 1.0, 0.9)]
    [TestCase("1.000, that of the first", null, 1.0, 1.0)]
    [TestCase(null, 0.5)]
    public void ALossFellIfAnEpochIsBelowGuessingAndTheFirst(string? expected, double? guessing, params double[] losses) =>
        Assert.That(Warnings.LossNeverFell(losses, guessing), expected is null ? Is.Null : Does.StartWith(expected));

    /// <summary>Before the first step and after the last.</summary>
    private static void AssertWarnings(string output, string pattern) =>
        Assert.That(System.Text.RegularExpressions.Regex.Count(output, $"(?m)^Warning   {pattern}"), Is.EqualTo(2), output);

    private static void Write(TemporaryFolder folder, string data)
    {
        switch (data)
        {
            case "split":
                NoiseData.Write(folder[data, "train"], 10);
                NoiseData.Write(folder[data, "val"], 2, seed: 2);
                NoiseData.Write(folder[data, "test"], 2, seed: 3);
                break;
            case "pictures.tar":
                TarFile.CreateFromDirectory(NoiseData.Write(folder["hidden"], 12), folder[data], includeBaseDirectory: false);
                break;
            default:
                NoiseData.Write(folder[data], data == "few" ? 4 : 12);
                break;
        }
    }

    /// <summary>The image to predict is one that validated.</summary>
    private static void AssertUnseen(TemporaryFolder folder, string command)
    {
        string image = command.Split(".safetensors")[1].Trim('\'', ' ');
        string content = folder[image];
        Assert.That(File.Exists(content), content);
        ModelMetadata metadata = ModelFile.Load(folder["my run", "final.safetensors"]).Metadata;
        ulong?[] hash = [ImageContent.Hash(content)];
        Assert.That(metadata.Validated!.IndicesOf(hash), Has.Length.EqualTo(1));
        Assert.That(metadata.Trained!.IndicesOf(hash), Is.Empty);
    }

    private static string[] Commands(string output) =>
        [.. output.Split('\n').Where(line => line.StartsWith("  gpucnn ", StringComparison.Ordinal)).Select(line => line.Trim())];

    /// <summary>Runs a line of a shell in a folder; it must succeed and say nothing on standard error.</summary>
    private static string Run(string folder, string line)
    {
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        string program = Path.Combine(AppContext.BaseDirectory, "gpucnn.dll");
        ProcessStartInfo start = new("sh", ["-c", $"gpucnn() {{ '{host}' '{program}' \"$@\"; }}; {line}"])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That((process.ExitCode, error.Result), Is.EqualTo((0, "")), line);
        return output;
    }
}
