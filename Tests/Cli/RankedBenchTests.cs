using System.Text.Json;
using GpuCnn.Cli;
using NUnit.Framework;

namespace GpuCnn.Tests.Cli;

/// <summary><c>gpucnn bench --distributed</c></summary>
public sealed class RankedBenchTests
{
    private const string Command = "--distributed";

    [Test]
    public void RankZeroShowsWhatAllMeasured()
    {
        CommandResult[] results = RankedCommand.Run(2, "bench", Command, "--models", "lenet5", "--batch-per-rank", "4", "--device", "cpu",
            "--threads", "1");
        Assert.That(results.Select(result => result.Code), Is.All.EqualTo(Program.Done));
        Assert.That(results[0].Output, Does.Contain("2 threads").And.Contain("64.0 MiB").And.Contain("in each direction")
            .And.Contain("lenet5").And.Contain("2 x 4"));
        Assert.That(results[1].Output, Is.Empty);
    }

    [Test]
    public void JsonIsTheContract()
    {
        CommandResult result = RankedCommand.Run(2, "bench", Command, "--models", "mlp,lenet5", "--batch", "6", "--device", "cpu",
            "--threads", "1", "--json", "-")[0];
        Assert.That(result.Code, Is.EqualTo(Program.Done), result.Error);
        JsonElement root = JsonDocument.Parse(result.Output).RootElement;
        Assert.That(root.GetProperty("ranks").GetInt32(), Is.EqualTo(2));
        Assert.That(root.GetProperty("scaling").GetString(), Is.EqualTo("batch"));
        JsonElement exchange = root.GetProperty("exchange");
        Assert.That(exchange.GetProperty("bytesPerSecondPerRank").GetDouble(), Is.Positive);
        Assert.That(exchange.GetProperty("times").GetArrayLength(), Is.EqualTo(8));
        JsonElement[] rows = [.. root.GetProperty("models").EnumerateArray()];
        Assert.That(rows.Select(row => row.GetProperty("model").GetString()), Is.EqualTo(new[] { "mlp", "lenet5" }));
        foreach (JsonElement row in rows)
        {
            Assert.That((row.GetProperty("aloneBatch").GetInt32(), row.GetProperty("batch").GetInt32()), Is.EqualTo((6, 6)));
            double Value(string name) => row.GetProperty(name).GetDouble();
            Assert.That(Value("efficiency"), Is.EqualTo(Value("imagesPerSecond") / Value("aloneImagesPerSecond") / 2).Within(1e-9));
            Assert.That(Value("predictionError"), Is.EqualTo(Value("predictedStepSeconds") / Value("stepSeconds") - 1).Within(1e-9));
            Assert.That(Value("imagesPerSecond"), Is.EqualTo(6 / Value("stepSeconds")).Within(1e-6));
        }
    }

    [TestCase("needs --distributed", "bench", "--batch-per-rank", "4")]
    [TestCase("mpirun -n 4 gpucnn bench --distributed", "bench", Command)]
    public void OneProcessIsToldWhatIsMissing(string message, params string[] args)
    {
        CommandResult result = CommandLine.Run(args);
        Assert.That(result.Code, Is.EqualTo(Program.WrongUsage));
        Assert.That(result.Error.TrimEnd(), Does.Contain(message).And.Not.Contain("\n"));
    }

    [TestCase("leave one of them out", "--batch", "4", "--batch-per-rank", "4")]
    [TestCase("at least an image for each of 3 ranks, but got 2", "--batch", "2", "--models", "lenet5")]
    public void RanksAreToldOnceWhatIsWrong(string message, params string[] args)
    {
        CommandResult[] results = RankedCommand.Run(3, ["bench", Command, "--device", "cpu", .. args]);
        Assert.That(results.Select(result => result.Code), Is.All.EqualTo(Program.WrongUsage));
        Assert.That(results[0].Error, Does.Contain(message));
        Assert.That(results.Skip(1).Select(result => result.Error), Is.All.Empty);
    }
}
