using System.Diagnostics;
using GpuCnn.Data;
using GpuCnn.Engine;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>
/// Decodes damaged files of all formats in guarded memory. Each must give a picture or an error of one line, within limits of time and
/// memory. GPUCNN_LONG_TESTS=1 tries a million.
/// </summary>
[Platform(Exclude = "Win", Reason = "Guarded pages are made with mmap.")]
public sealed class ImageFuzzTests
{
    private const int Few = 20_000, Many = 1_000_000;

    /// <summary>Far above the two seconds that a file may take, for machines that are busy.</summary>
    private const double LongestSeconds = 20;

    private static readonly nuint LargestBytes = 520 << 20;

    /// <summary>Small files: a huge one would show the same, but take longer.</summary>
    private static IReadOnlyList<OddFile> Seeds => [.. OddFiles.All.Where(f => f.Content.Length < 20_000 && f.Content.Length > 0)];

    [Test]
    public void DamagedFilesAreReadOrRefused()
    {
        bool isLong = Environment.GetEnvironmentVariable("GPUCNN_LONG_TESTS") is { Length: > 0 };
        int count = isLong ? Many : Few, first = int.Parse(Environment.GetEnvironmentVariable("GPUCNN_FUZZ_FIRST") ?? "0");
        IReadOnlyList<OddFile> seeds = Seeds;
        List<string> surprises = [];
        int read = 0, refused = 0;
        double slowest = 0;
        string slowestName = "";
        nuint largest = 0;
        ParallelOptions threads = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, count, threads, () => new Worker(), (i, _, worker) =>
        {
            byte[] file = Mutation.Of(seeds, first + i, out string name);
            long start = Stopwatch.GetTimestamp();
            string? surprise = worker.Try(file, name, out bool isRead);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (seconds > LongestSeconds) surprise ??= $"{seconds:F1} s";
            if (worker.Memory.Largest > LargestBytes) surprise ??= $"{worker.Memory.Largest:N0} bytes at a time";
            lock (surprises)
            {
                if (surprise is not null) surprises.Add($"{name}: {surprise}");
                if (isRead) read++;
                else refused++;
                if (seconds > slowest) (slowest, slowestName) = (seconds, name);
                largest = Math.Max(largest, worker.Memory.Largest);
            }
            return worker;
        }, worker => worker.Dispose());
        TestContext.Out.WriteLine(
            $"{count:N0} files: {read:N0} read, {refused:N0} refused, the slowest {slowest:F2} s ({slowestName}), " +
            $"at most {largest:N0} bytes at a time");
        Assert.That(surprises, Is.Empty);
        // Both outcomes must be frequent.
        Assert.That(Math.Min(read, refused), Is.GreaterThan(count / 20));
    }

    /// <summary>Decodes whole files and their windows in guarded memory: no vector may read or write past its buffer.</summary>
    [Test]
    public void WindowsOfWholeFilesStayInTheirMemory()
    {
        using Worker worker = new();
        RandomStream random = new(1, 2, 3);
        foreach ((string name, byte[] file) in JpegVectors.Files.Where(f => f.Key.EndsWith(".jpg", StringComparison.Ordinal)))
            for (int i = 0; i < 10; i++) Assert.That(worker.Try(file, $"{random.NextInt(1_000_000)}-{name}", out _), Is.Null);
        foreach (OddFile file in OddFiles.All)
            for (int i = 0; i < 4; i++) Assert.That(worker.Try(file.Content, $"{random.NextInt(1_000_000)}-{file.Name}", out _), Is.Null);
    }

    /// <summary>A thread's decoder, in guarded memory.</summary>
    private sealed class Worker : IDisposable
    {
        private readonly PictureDecoder _decoder;
        private readonly Resampler _resampler;
        private readonly Picture _target;
        private readonly Normalizer _normalizer = new([0.5f, 0.5f, 0.5f], [0.2f, 0.2f, 0.2f]);

        public Worker()
        {
            _decoder = new PictureDecoder(Memory);
            _resampler = new Resampler(Memory);
            _target = new Picture(Memory);
        }

        public GuardedSource Memory { get; } = new();

        /// <summary>Decodes all of a file, then a scaled window of it; returns a violation, or null.</summary>
        public string? Try(byte[] file, string name, out bool isRead)
        {
            isRead = false;
            try
            {
                ImageHeader header = _decoder.Open(file, name);
                _decoder.Decode();
                isRead = true;
                RandomStream random = new(5, 5, (ulong)name.Length + (ulong)file.Length);
                int x = random.NextInt(header.Width), y = random.NextInt(header.Height);
                Window crop = new(x, y, 1 + random.NextInt(header.Width - x), 1 + random.NextInt(header.Height - y));
                int width = 1 + random.NextInt(60), height = 1 + random.NextInt(60);
                Interpolation interpolation = random.NextBool() ? Interpolation.Bilinear : Interpolation.Bicubic;
                Window needed = _resampler.Prepare(Scaling.Of(crop, width, height), interpolation);
                Picture window = _decoder.Decode(needed, toGray: random.NextInt(4) == 0);
                _resampler.Resize(window, random.NextBool(), 3, _target);
                _normalizer.Write(_target, random.NextBool(), new float[3 * width * height]);
                return null;
            }
            catch (GpuCnnException e)
            {
                bool isOneLine = !e.Message.AsSpan().ContainsAny('\r', '\n') && e.Message.Contains(name, StringComparison.Ordinal);
                return isOneLine ? null : $"not one line: {e.Message}";
            }
            // Any other exception is what this test looks for.
            catch (Exception e)
            {
                return e.ToString();
            }
        }

        public void Dispose()
        {
            _decoder.Dispose();
            _resampler.Dispose();
            _target.Dispose();
        }
    }
}
