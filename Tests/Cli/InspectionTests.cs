using System.Text.Json;
using GpuCnn.Engine.Devices;
using GpuCnn.Models;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>The commands that only tell something.</summary>
public sealed class InspectionTests
{
    [Test]
    public void AloneItPrintsHelp()
    {
        string help = Succeed().Output;
        foreach (string command in (string[])["train", "eval", "predict", "summary", "explain", "models", "devices", "bench", "data",
            "kernels"]) Assert.That(help, Does.Contain(command));
        Assert.That(Succeed("--help").Output, Is.EqualTo(help));
        Assert.That(Succeed("--version").Output.Trim(), Does.Match(@"^gpucnn \d+\.\d+\.\d+$"));
    }

    [Test]
    public void EveryCommandExplainsItself([Values("train", "eval", "predict", "summary", "models", "devices", "bench", "kernels",
        "kernels list", "kernels show", "data", "data check", "data demo", "data decode", "explain", "explain conv",
        "explain pool")] string command)
    {
        string help = Succeed([.. command.Split(' '), "--help"]).Output;
        Assert.That(help, Does.Contain("Usage:").And.Contain(command));
        // Each option's row has its description, not a name alone.
        foreach (string row in help.Split('\n').Where(row => row.StartsWith("  --", StringComparison.Ordinal))) Assert.That(row.Trim(),
            Does.Match(@"^--\S+.*\S  +\S"));
    }

    [Test]
    public void ModelsListsAllOfThem()
    {
        JsonElement rows = Succeed("models", "--json").Json;
        Assert.That(rows.EnumerateArray().Select(row => row.GetProperty("name").GetString()),
            Is.EqualTo(Architecture.All.Select(architecture => architecture.Name)));
        HasProperties(rows[0], "name", "year", "summary", "source", "reported", "input", "classes", "parameters", "macs", "link",
            "parametersWithHeads", "recipes");
        string text = Succeed("models").Output;
        foreach (Architecture architecture in Architecture.All) Assert.That(text,
            Does.Contain(architecture.Name).And.Contain(architecture.Reported));
    }

    /// <summary>The README's table has the header and some of the rows that a command prints, in its order.</summary>
    [Test]
    public void TheReadmeHasTheTable()
    {
        const string Begin = "<!-- gpucnn models --markdown -->\n", End = "<!-- end -->";
        string readme = File.ReadAllText(Path.Combine(TestData.RepositoryRoot, "README.md")).ReplaceLineEndings("\n");
        int first = readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, last = readme.IndexOf(End, StringComparison.Ordinal);
        string[] rows = readme[first..last].Split('\n'), printed = Succeed("models", "--markdown").Output.ReplaceLineEndings("\n")
            .Split('\n');
        Assert.That(rows, Is.EqualTo(printed.Where(rows.Contains)), "put the output of gpucnn models --markdown there");
        Assert.That(rows, Has.Length.GreaterThan(20));
        Fail(2, ["models", "--markdown", "--json"], "--json or --markdown");
    }

    [Test]
    public void SummaryKeepsHeadsApart()
    {
        JsonElement summary = Succeed("summary", "googlenet", "--json", "--batch", "1").Json;
        Assert.That(summary.GetProperty("parameters").GetInt64(), Is.EqualTo(6_998_552));
        Assert.That(summary.GetProperty("parametersWithHeads").GetInt64(), Is.EqualTo(13_378_280));
        Assert.That(Sum(summary, "layers"), Is.EqualTo(6_998_552));
        Assert.That(Sum(summary, "headLayers"), Is.EqualTo(13_378_280 - 6_998_552));
        Assert.That(summary.GetProperty("layers").EnumerateArray().Sum(layer => layer.GetProperty("macs").GetInt64()),
            Is.EqualTo(summary.GetProperty("macs").GetInt64()));

        static long Sum(JsonElement summary, string rows) =>
            summary.GetProperty(rows).EnumerateArray().Sum(layer => layer.GetProperty("weights").GetInt64()
                + layer.GetProperty("biases").GetInt64());
    }

    [Test]
    public void SummarySaysWhereTheParametersAre() => Assert.That(Succeed("summary", "vgg16", "--batch", "1").Output,
        Does.Contain("Fully connected 89.4 %"));

    [Test]
    public void DevicesListsTheCpu()
    {
        JsonElement rows = Succeed("devices", "--json").Json;
        JsonElement cpu = rows.EnumerateArray().Single(row => row.GetProperty("name").GetString() == "cpu");
        HasProperties(cpu, "name", "description", "memoryBytes", "usable", "precisions");
        Assert.That(cpu.GetProperty("usable").GetBoolean());
        Assert.That(cpu.GetProperty("memoryBytes").GetInt64(), Is.Positive);
        Assert.That(rows.GetArrayLength(), Is.EqualTo(DeviceCatalog.List().Count));
        Assert.That(Succeed("devices").Output, Does.Contain("cpu").And.Contain("--device auto is"));
    }

    [Test]
    public void SummaryIsTheContract()
    {
        JsonElement summary = Succeed("summary", "lenet5", "--json", "--batch", "8").Json;
        HasProperties(summary, "model", "input", "classes", "weights", "biases", "parameters", "macs", "trainingBytes", "layers",
            "parametersWithHeads", "headLayers", "trainingBatch", "device", "precision");
        Assert.That(summary.GetProperty("model").GetString(), Is.EqualTo("lenet5"));
        Assert.That(Numbers(summary, "input"), Is.EqualTo(new[] { 1, 32, 32 }));
        // 5*5*1*6 + 5*5*6*16 + 400*120 + 120*84 + 84*10 weights and 6 + 16 + 120 + 84 + 10 biases.
        Assert.That(summary.GetProperty("weights").GetInt64(), Is.EqualTo(61_470));
        Assert.That(summary.GetProperty("biases").GetInt64(), Is.EqualTo(236));
        Assert.That(summary.GetProperty("parameters").GetInt64(), Is.EqualTo(61_706));
        Assert.That(summary.GetProperty("macs").GetInt64(), Is.EqualTo(150 * 28 * 28 + 2400 * 100 + 48_000 + 10_080 + 840));
        Assert.That(summary.GetProperty("trainingBytes").GetInt64(), Is.GreaterThan(3 * 4 * 61_706));
        JsonElement layers = summary.GetProperty("layers"),
            fc1 = layers.EnumerateArray().Single(layer => layer.GetProperty("name").GetString() == "fc1");
        foreach (JsonElement layer in layers.EnumerateArray()) HasProperties(layer, "name", "type", "input", "output", "weights", "biases",
            "macs");
        Assert.That(Numbers(layers[0], "output"), Is.EqualTo(new[] { 6, 28, 28 }));
        Assert.That(Numbers(fc1, "input"), Is.EqualTo(new[] { 400 }));
        Assert.That(Numbers(fc1, "output"), Is.EqualTo(new[] { 120 }));
        Assert.That(fc1.GetProperty("type").GetString(), Is.EqualTo("Linear"));
    }

    [Test]
    public void SummaryFollowsItsOptions()
    {
        JsonElement small = Succeed("summary", "lenet5", "--json", "--batch", "1").Json,
            large = Succeed("summary", "lenet5", "--json", "--batch", "100").Json;
        Assert.That(large.GetProperty("trainingBytes").GetInt64(), Is.GreaterThan(small.GetProperty("trainingBytes").GetInt64()));
        JsonElement other = Succeed("summary", "smallcnn", "--json", "--input", "1x48x80", "--classes", "7").Json;
        Assert.That(Numbers(other, "input"), Is.EqualTo(new[] { 1, 48, 80 }));
        Assert.That(other.GetProperty("classes").GetInt32(), Is.EqualTo(7));
        string text = Succeed("summary", "lenet5").Output;
        Assert.That(text, Does.Contain("conv1: floor((32 - 5 + 2*0) / 1) + 1 = 28")
            .And.Contain("conv2: floor((14 - 5 + 2*0) / 1) + 1 = 10"));
        Assert.That(text, Does.Contain("Fully connected 95.8 %").And.Contain("61,706 = 61,470 weights + 236 biases"));
        Assert.That(Succeed("summary", "smallcnn", "--input", "3x32x64").Output,
            Does.Contain("rows floor((32 - 3 + 2*1) / 1) + 1 = 32, columns floor((64 - 3 + 2*1) / 1) + 1 = 64"));
    }

    [Test]
    public void BenchIsTheContract()
    {
        using TemporaryFolder folder = new();
        string file = folder["bench.json"];
        string text = Succeed("bench", "--models", "lenet5", "--batch", "4", "--device", "cpu", "--json", file).Output;
        Assert.That(text, Does.Contain("lenet5"));
        JsonElement row = JsonDocument.Parse(File.ReadAllText(file)).RootElement[0];
        HasProperties(row, "model", "device", "batch", "precision", "trainImagesPerSecond", "inferImagesPerSecond", "peakBytes");
        Assert.That(row.GetProperty("model").GetString(), Is.EqualTo("lenet5"));
        Assert.That(row.GetProperty("device").GetString(), Is.EqualTo("cpu"));
        Assert.That(row.GetProperty("batch").GetInt32(), Is.EqualTo(4));
        Assert.That(row.GetProperty("precision").GetString(), Is.EqualTo("fp32"));
        Assert.That(row.GetProperty("inferImagesPerSecond").GetDouble(),
            Is.GreaterThan(row.GetProperty("trainImagesPerSecond").GetDouble()).And.Positive);
        Assert.That(row.GetProperty("peakBytes").GetInt64(),
            Is.EqualTo(Succeed("summary", "lenet5", "--batch", "4", "--json").Json.GetProperty("trainingBytes").GetInt64()));
    }

    private static int[] Numbers(JsonElement element, string property) =>
        [.. element.GetProperty(property).EnumerateArray().Select(number => number.GetInt32())];
}
