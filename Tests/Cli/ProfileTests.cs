using System.Text.Json;
using GpuCnn.Cli;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>Times of layers and passes as table, JSON and trace.</summary>
public sealed class ProfileTests
{
    private static readonly string[] Small = ["profile", "lenet5", "--batch", "2", "--repetitions", "1"];

    [Test]
    public void TheTableNamesLayersPassesAndPeaks([Values("cpu", "debug")] string device)
    {
        CommandResult result = Succeed([.. Small, "--device", device]);
        Assert.That(result.Output, Does.Contain($"lenet5 in batches of 2 on {device}, a training step"));
        Assert.That(result.Output, Does.Match(@"Peaks measured here: [\d.,]+ GFLOP/s in a product of .* GB/s in a pass"));
        foreach (string row in (string[])[@"conv1 +forward", @"conv2 +backward weights", @"conv2 +backward data", @"fc3 +forward",
            @"loss +loss", @"update +update"])
            Assert.That(result.Output, Does.Match($@"(?m)^{row} +[\d.]+ +[\d.]+ %"));
        Assert.That(result.Output, Does.Match(@"(?m)^Sum +[\d.]+ ms  of \d+ steps$").And.Match(@"(?m)^Whole +[\d.]+ ms  without a wait"));
        Assert.That(result.Output, Does.Contain(device == "cpu" ? "by the host's clock around each step"
            : "by the host's clock, waiting for the device after each step"));
    }

    [Test]
    public void InferenceHasTheForwardPassAlone()
    {
        JsonElement json = Succeed([.. Small, "--device", "cpu", "--inference", "--json", "-"]).Json;
        Assert.That(json.GetProperty("training").GetBoolean(), Is.False);
        Assert.That(json.GetProperty("layers").EnumerateArray().Select(layer => layer.GetProperty("pass").GetString()),
            Is.All.EqualTo("forward"));
    }

    [Test]
    public void JsonHasTheSumOfAllSteps()
    {
        JsonElement json = Succeed([.. Small, "--device", "cpu", "--input", "1x28x28", "--classes", "7", "--json", "-"]).Json;
        HasProperties(json, "model", "device", "description", "input", "classes", "batch", "training", "repetitions", "clock", "peakGflops",
            "peakGigabytesPerSecond", "sumSeconds", "wholeSeconds", "layers", "precision");
        Assert.That(json.GetProperty("classes").GetInt32(), Is.EqualTo(7));
        JsonElement[] layers = [.. json.GetProperty("layers").EnumerateArray()];
        HasProperties(layers[0], "layer", "type", "pass", "seconds", "operations", "bytes", "gflops", "gigabytesPerSecond", "bound",
            "shareOfPeak", "steps");
        Assert.That(layers.Sum(layer => layer.GetProperty("seconds").GetDouble()),
            Is.EqualTo(json.GetProperty("sumSeconds").GetDouble()).Within(1e-9));
        foreach (JsonElement layer in layers)
        {
            double operations = layer.GetProperty("operations").GetDouble() / 1e9 / json.GetProperty("peakGflops").GetDouble();
            double memory = layer.GetProperty("bytes").GetDouble() / 1e9 / json.GetProperty("peakGigabytesPerSecond").GetDouble();
            double share = Math.Max(operations, memory) / layer.GetProperty("seconds").GetDouble();
            Assert.That(layer.GetProperty("shareOfPeak").GetDouble(), Is.EqualTo(share).Within(1e-6 * share));
            string bound = share < 0.1 ? "overhead" : operations >= memory ? "arithmetic" : "memory";
            Assert.That(layer.GetProperty("bound").GetString(), Is.EqualTo(bound));
        }
    }

    /// <summary>Steps lie within their layer, layers within their pass, and nothing overlaps beside that.</summary>
    [Test]
    public void TheTraceIsNested()
    {
        using var folder = new TemporaryFolder();
        string path = folder["trace.json"];
        Assert.That(Succeed([.. Small, "--device", "cpu", "--trace", path]).Output, Does.Contain(path).And.Contain("perfetto"));
        JsonElement root = JsonDocument.Parse(File.ReadAllText(path)).RootElement;
        var events = root.GetProperty("traceEvents").EnumerateArray().ToLookup(item => item.GetProperty("ph").GetString());
        Assert.That(events["M"].Select(item => item.GetProperty("name").GetString()), Is.EqualTo(new[] { "process_name", "thread_name" }));
        var open = new Stack<decimal>();
        decimal last = 0;
        int deepest = 0;
        foreach (JsonElement item in events["X"])
        {
            (decimal start, decimal end) = (item.GetProperty("ts").GetDecimal(), 0);
            end = start + item.GetProperty("dur").GetDecimal();
            Assert.That(start, Is.GreaterThanOrEqualTo(last));
            while (open.TryPeek(out decimal outer) && outer <= start) open.Pop();
            if (open.TryPeek(out decimal around)) Assert.That(end, Is.LessThanOrEqualTo(around));
            open.Push(end);
            deepest = Math.Max(deepest, open.Count);
            last = start;
        }
        Assert.That(deepest, Is.EqualTo(3), "pass, layer, step");
        Assert.That(events["X"].Select(item => item.GetProperty("name").GetString()), Does.Contain("forward").And.Contain("conv1")
            .And.Contain("conv1 forward").And.Contain("update"));
    }

    [TestCase("lenett5", "lenet5")]
    [TestCase("resnet4", "resnet44")]
    public void AnUnknownModelNamesNearOnes(string name, string near) => Fail(Program.WrongUsage, ["profile", name], name, near);

    [TestCase("--batch", "0")]
    [TestCase("--batch", "many")]
    [TestCase("--repetitions", "-1")]
    [TestCase("--classes", "1.5")]
    [TestCase("--input", "28")]
    [TestCase("--input", "1x2x2")]
    public void WrongNumbersAreNamed(string option, string value) => Fail(Program.WrongUsage, ["profile", "lenet5", option, value], value);

    [Test]
    public void ABatchThatIsTooLargeIsRefused()
    {
        Fail(Program.Failed, ["profile", "resnet50", "--device", "cpu", "--batch", "20000"],
            "20000", "the largest batch that fits", "--batch");
        Fail(Program.Failed, ["profile", "resnet50", "--device", "cpu", "--batch", "2000000000"], "2000000000", "expected at most");
    }

    /// <summary>It is said before anything is measured.</summary>
    [Test]
    public void AFileThatCannotBeWrittenIsRefused([Values("--trace", "--json")] string option)
    {
        using var folder = new TemporaryFolder();
        string missing = folder["missing", "file.json"];
        Fail(Program.WrongUsage, [.. Small, "--device", "cpu", option, missing], missing, folder["missing"]);
        Fail(Program.WrongUsage, [.. Small, "--device", "cpu", option, folder.Path], folder.Path, "a folder");
        if (option == "--trace") Fail(Program.WrongUsage, [.. Small, option, "-"], "--trace expects a file");
    }
}
