using System.CommandLine;
using System.Globalization;
using GpuCnn.Engine.Distributed;

namespace GpuCnn.Bench.Scaling;

/// <summary><c>scaling</c>: predicts training on many GPUs, as docs/scaling.md shows it. It measures nothing.</summary>
internal static class ScalingCommand
{
    private const int PerHost = 8;
    private const long Mebi = 1 << 20, UsualBucket = 4 * Mebi;

    /// <summary>
    /// Seconds from one host's memory to another's, seconds in which a rank hands over a message, and the part of a link's rate that
    /// payload reaches.
    /// </summary>
    private const double Latency = 5e-6, Overhead = 1e-6, Payload = 0.9;

    /// <summary>GPUs of a host: NVLink.</summary>
    private static readonly RankLink Inside = new(3e-6, 300e9, Overhead);

    private static readonly int[] Gpus = [8, 64, 1024], Batches = [32, 256];
    private static readonly double[] Gigabits = [25, 100, 400];

    public static Command Create()
    {
        var command = new Command("scaling", "Predict training on 8, 64 and 1,024 GPUs from a model of the exchanges, as Markdown.");
        command.SetAction(_ =>
        {
            Write(Console.Out);
            return 0;
        });
        return command;
    }

    /// <summary>Writes all tables.</summary>
    public static void Write(TextWriter output)
    {
        WriteWork(output);
        WriteRates(output);
        WriteLimits(output);
        WriteBuckets(output);
        WriteAlgorithms(output);
        WriteRemedies(output);
    }

    private static RankLink Network(double gigabits) => RankLink.Network(gigabits, Latency, Overhead, Payload);

    private static double Efficiency(
        GpuNetwork network, int batch, int gpus, double gigabits, ExchangeAlgorithm algorithm = ExchangeAlgorithm.Direct) =>
        ScalingModel.Predict(network.WorkOf(batch, UsualBucket), Network(gigabits), gpus, algorithm).Efficiency;

    /// <summary>What the efficiencies follow from: bytes to exchange in the time of a step.</summary>
    private static void WriteWork(TextWriter output)
    {
        Header(output, "network", ["images/s on one GPU", "gradients", "step at batch 32", "gradients a second of computing"]);
        foreach (GpuNetwork network in GpuNetwork.All)
        {
            StepWork work = network.WorkOf(Batches[0], UsualBucket);
            double seconds = work.ComputeSeconds + work.UpdateSeconds;
            Row(output, network.Model, [$"{network.ImagesPerSecond:N0} ({network.Source})", $"{work.GradientBytes / 1e6:0} MB",
                Milliseconds(Math.Round(seconds, 4)), $"{work.GradientBytes / seconds / 1e9:0.0} GB"]);
        }
    }

    /// <summary>The most GPUs that keep an efficiency, where one more power of 2 does not.</summary>
    private static void WriteLimits(TextWriter output)
    {
        const double Kept = 0.8;
        const int Most = 4096;
        Header(output, "GPUs at 80 % or more", from batch in Batches from gigabits in Gigabits select $"batch {batch}, {gigabits} Gbit/s");
        foreach (GpuNetwork network in GpuNetwork.All)
            Row(output, network.Model, from batch in Batches
                                       from gigabits in Gigabits
                                       let gpus = Enumerable.Range(0, int.Log2(Most) + 1).Select(power => 1 << power)
                                           .TakeWhile(gpus => Efficiency(network, batch, gpus, gigabits) >= Kept).Last()
                                       select gpus == Most ? $"{Most:N0} or more" : $"{gpus:N0}");
    }

    private static void WriteRates(TextWriter output)
    {
        foreach (int batch in Batches)
        {
            Header(output, $"batch {batch} a GPU", from gigabits in Gigabits from gpus in Gpus select $"{gpus:N0} at {gigabits} Gbit/s");
            foreach (GpuNetwork network in GpuNetwork.All)
                Row(output, network.Model,
                    from gigabits in Gigabits from gpus in Gpus select Percent(Efficiency(network, batch, gpus, gigabits)));
        }
    }

    private static void WriteBuckets(TextWriter output)
    {
        long[] sizes = [Mebi / 4, Mebi, 4 * Mebi, 25 * Mebi, 100 * Mebi, long.MaxValue];
        int[] many = [8, 64, 1024];
        Header(output, "batch 32, 100 Gbit/s", sizes.Select(bytes => bytes == long.MaxValue ? "all in one"
            : string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / Mebi:0.##} MiB")));
        foreach (GpuNetwork network in GpuNetwork.All)
            foreach (int gpus in many)
                Row(output, $"{network.Model}, {gpus:N0}", sizes.Select(bytes =>
                    Percent(ScalingModel.Predict(network.WorkOf(32, bytes), Network(100), gpus).Efficiency)));
    }

    private static void WriteAlgorithms(TextWriter output)
    {
        var algorithms = Enum.GetValues<ExchangeAlgorithm>();
        Header(output, "sum at 100 Gbit/s", algorithms.Select(algorithm => $"{algorithm}"));
        foreach (long bytes in (long[])[64 << 10, 4 * Mebi, 100 * Mebi])
            foreach (int gpus in Gpus)
                Row(output, $"{(bytes < Mebi ? $"{bytes >> 10} KiB" : $"{bytes / Mebi} MiB")}, {gpus:N0} GPUs",
                    algorithms.Select(algorithm => Milliseconds(Network(100).Seconds(bytes, gpus, algorithm))));
        Header(output, "batch 32, 1,024 GPUs, 100 Gbit/s", algorithms.Select(algorithm => $"{algorithm}"));
        foreach (GpuNetwork network in GpuNetwork.All)
            Row(output, network.Model, algorithms.Select(algorithm => Percent(Efficiency(network, 32, 1024, 100, algorithm))));
    }

    /// <summary>Hosts of 8 GPUs that share one link: what two levels, half the bytes and pieces that grow with the ranks give.</summary>
    private static void WriteRemedies(TextWriter output)
    {
        Header(output, "batch 32, 8 GPUs share 100 Gbit/s",
            from gpus in Gpus.Skip(1)
            from way in (string[])["flat", "two levels", "two levels, bf16", "two levels, bf16, halving"]
            select $"{gpus:N0}, {way}");
        foreach (GpuNetwork network in GpuNetwork.All)
        {
            Row(output, network.Model, Gpus.Skip(1).SelectMany(gpus => (double[])
            [
                Of(gpus, sizeof(float), (bytes, hosts) => Inside.SharedDirectSeconds(bytes, hosts, PerHost, Network(100))),
                Of(gpus, sizeof(float), (bytes, hosts) => Inside.TwoLevelSeconds(bytes, hosts, PerHost, Network(100))),
                Of(gpus, sizeof(float) / 2, (bytes, hosts) => Inside.TwoLevelSeconds(bytes, hosts, PerHost, Network(100))),
                Of(gpus, sizeof(float) / 2, (bytes, hosts) =>
                    Inside.TwoLevelSeconds(bytes, hosts, PerHost, Network(100), ExchangeAlgorithm.HalvingDoubling)),
            ]).Select(Percent));

            double Of(int gpus, int bytesPerGradient, Func<long, int, double> seconds) => ScalingModel.Predict(
                network.WorkOf(32, UsualBucket, bytesPerGradient), bytes => seconds(bytes, gpus / PerHost)).Efficiency;
        }
    }

    private static void Header(TextWriter output, string first, IEnumerable<string> columns)
    {
        string[] all = [.. columns];
        output.WriteLine();
        Row(output, first, all);
        output.WriteLine($"|---|{string.Concat(Enumerable.Repeat("--:|", all.Length))}");
    }

    private static void Row(TextWriter output, string first, IEnumerable<string> cells) =>
        output.WriteLine($"| {first} | {string.Join(" | ", cells)} |");

    private static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{100 * part:0} %");

    private static string Milliseconds(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{1e3 * seconds:0.###} ms");
}
