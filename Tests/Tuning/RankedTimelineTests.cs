using System.Text.Json;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Tuning;
using GpuCnn.Tests.Distributed;
using GpuCnn.Tests.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Tuning;

public sealed class RankedTimelineTests
{
    [Test]
    public void ExchangesBeginWhenTheirGradientsAreCompleteAndEndBeforeTheUpdate()
    {
        (IReadOnlyList<RankTimeline> timelines, IReadOnlyList<GradientBucket> buckets, int update) = Measure();
        Assert.That(timelines.Select(timeline => timeline.Rank), Is.EqualTo(new[] { 0, 1 }));
        foreach (RankTimeline timeline in timelines)
        {
            Assert.That(timeline.Exchanges, Has.Count.EqualTo(buckets.Count));
            Assert.That(timeline.Steps.Zip(timeline.Steps.Skip(1), (one, next) => next.Began - one.Ended), Is.All.GreaterThanOrEqualTo(0));
            for (int i = 0; i < buckets.Count; i++)
            {
                Assert.That(timeline.Exchanges[i].Began, Is.GreaterThanOrEqualTo(timeline.Steps[buckets[i].ReadyAt - 1].Ended));
                Assert.That(timeline.Exchanges[i].Ended, Is.LessThanOrEqualTo(timeline.Steps[update].Began));
                Assert.That(timeline.Exchanges[i].Bytes, Is.EqualTo(4L * buckets[i].Count));
            }
            Assert.That(timeline.HiddenShare, Is.InRange(0, 1));
        }
    }

    [Test]
    public void HiddenTimeIsThatBesideTheBackwardPass()
    {
        var timeline = new RankTimeline(0, [], [new("a", 1, 3, 4), new("b", 2, 4, 4), new("c", 6, 10, 4)], ComputingUntil: 8);
        Assert.That(timeline.ExchangeSeconds, Is.EqualTo(7));
        Assert.That(timeline.HiddenShare, Is.EqualTo(5.0 / 7));
    }

    [Test]
    public void TheTraceShowsRanksAsProcesses()
    {
        using var folder = new TemporaryFolder();
        IReadOnlyList<RankTimeline> timelines = Measure().Timelines;
        StepTrace.Write(folder["trace.json"], timelines, "net");
        using var trace = JsonDocument.Parse(File.ReadAllText(folder["trace.json"]));
        JsonElement[] events = [.. trace.RootElement.GetProperty("traceEvents").EnumerateArray()
            .Where(one => one.GetProperty("ph").GetString() == "X")];
        Assert.That(events.Select(one => one.GetProperty("pid").GetInt32()).Distinct(), Is.EquivalentTo(new[] { 1, 2 }));
        Assert.That(events.Count(one => one.GetProperty("cat").GetString() == "exchange"),
            Is.EqualTo(timelines.Sum(timeline => timeline.Exchanges.Count)));
        foreach (IGrouping<(int, int), JsonElement> thread in events.GroupBy(
            one => (one.GetProperty("pid").GetInt32(), one.GetProperty("tid").GetInt32())))
        {
            decimal end = 0;
            foreach (JsonElement one in thread.OrderBy(one => one.GetProperty("ts").GetDecimal()))
            {
                // Times are rounded to nanoseconds.
                Assert.That(one.GetProperty("ts").GetDecimal(), Is.GreaterThanOrEqualTo(end - 0.002m));
                end = one.GetProperty("ts").GetDecimal() + one.GetProperty("dur").GetDecimal();
            }
        }
    }

    private static (IReadOnlyList<RankTimeline> Timelines, IReadOnlyList<GradientBucket> Buckets, int Update) Measure() =>
        ThreadRanks.Run(2, ranks =>
        {
            using var device = new CpuDevice(1);
            (int first, int count) = new Shard(ranks.Rank, 2).Of(6);
            using var network = new TestNetwork(device, TestNetwork.SmallNet(), Shape.Volume(3, 14, 14), new()
            {
                Images = count,
                AllImages = 6,
                FirstImage = first,
                Ranks = ranks,
                BucketBytes = 2000,
                Training = true,
                Loss = new SoftmaxCrossEntropy(),
                Optimizer = new Sgd(),
            });
            network.Parameters.Initialize(1);
            return (RankedTimeline.Measure(network.Plan, network.Batch), network.Plan.Buckets, network.Plan.Passes.Update);
        })[0];
}
