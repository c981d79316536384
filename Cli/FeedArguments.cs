using System.CommandLine;
using GpuCnn.Data;

namespace GpuCnn.Cli;

/// <summary>Options that control how images become batches. They change time and memory, never the result.</summary>
internal sealed class FeedArguments
{
    private const float MostGiB = 1 << 20;

    private readonly Option<int?> _workers = Options.Whole(
        "--workers", "Threads that decode and change images. [default: 2, or one on a single core]", maximum: 256);
    private readonly Option<string?> _cache = Options.Text(
        "--cache", "ram|disk|none",
        "Where decoded pictures are kept: in memory, in the cache folder (GPUCNN_CACHE) for later runs too, or not. [default: ram]",
        text => ParseCache(text));
    private readonly Option<float?> _size = Options.Real(
        "--cache-size", "GiB that kept pictures may take. [default: 1]", value => value is > 0 and <= MostGiB,
            $"a number of GiB above 0, up to {MostGiB}");

    public IReadOnlyList<Option> All => [_workers, _cache, _size];

    public FeedRequest Read(ParseResult parsed)
    {
        var request = new FeedRequest(parsed.GetValue(_workers), ParseCache(parsed.GetValue(_cache)), parsed.GetValue(_size));
        if (request is { Cache: CacheKind.None, CacheGiB: not null })
            throw new UsageException("--cache-size belongs to --cache ram or disk, but the cache is none; leave it out.");
        return request;
    }

    private static CacheKind? ParseCache(string? text) => text switch
    {
        null => null,
        "ram" => CacheKind.Ram,
        "disk" => CacheKind.Disk,
        "none" => CacheKind.None,
        _ => throw new UsageException($"--cache expects ram, disk or none, but got '{text}'."),
    };
}
