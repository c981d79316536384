using System.Text.Json;
using GpuCnn.Cli;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Sets;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>Options of <c>train</c> that settings declare, those of a schedule that only this assembly has among them.</summary>
public sealed class SettingOptionTests
{
    [Test]
    public void ANewSchedulesNumbersAreOptions()
    {
        JsonElement schedule = Settings("--schedule", "halving", "--halving-every", "2").GetProperty("schedule");
        Assert.That((schedule.GetProperty("name").GetString(), schedule.GetProperty("every").GetInt32()), Is.EqualTo(("halving", 2)));
        // Warm-up is any schedule's, so that of the recipe stays.
        Assert.That(schedule.GetProperty("warmup").GetInt32(), Is.EqualTo(1));
        string help = Succeed("train", "--help").Output;
        Assert.That(help, Does.Match(@"Schedule:\n(  .*\n)*  --halving-every <N> +Epochs between halvings\. Of halving\."));
        Fail(Program.WrongUsage, ["train", "--halving-every", "2"],
            "--halving-every belongs to --schedule halving, but the schedule is cosine");
        Fail(Program.WrongUsage, ["train", "--schedule", "halving", "--halving-every", "0"],
            "--halving-every expects a whole number of 1 or more", "'0'");
    }

    [Test]
    public void AnOptionThatMustBeGivenIsAskedFor() =>
        Fail(Program.WrongUsage, ["train", "--schedule", "multistep"], "--schedule multistep expects --milestones", "as in 30,60,80");

    [Test]
    public void AFlagMayHaveAValue()
    {
        Assert.That(Settings("--nesterov").GetProperty("optimizer").GetProperty("nesterov").GetBoolean());
        Assert.That(Settings("--nesterov", "false").GetProperty("optimizer").GetProperty("nesterov").GetBoolean(), Is.False);
        Assert.That(Settings("--decays-vectors", "false").GetProperty("optimizer").GetProperty("decaysVectors").GetBoolean(), Is.False);
    }

    private static JsonElement Settings(params string[] args)
    {
        using TemporaryFolder folder = new();
        string data = TinyData.Write(folder, train: 2, validation: 1);
        Succeed(["train", "--data", data, "--input", "3x16x16", "--batch", "6", "--steps", "1", "--device", "cpu", "--out", folder["run"],
            .. args]);
        return JsonDocument.Parse(File.ReadAllText(folder["run", "config.json"])).RootElement.GetProperty("settings");
    }
}

/// <summary>Halves the rate every few epochs.</summary>
internal sealed class Halving : FixedSchedule
{
    public override string Name => "halving";

    [Setting("Epochs between halvings.", Name = "halving-every", AtLeast = 1)]
    public int Every { get; init => field = Setting.Check(this, value); } = 1;

    protected override float FactorAt(Progress progress) => MathF.Pow(0.5f, progress.Epoch / Every);
}
