using System.Collections.Concurrent;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// Handles images of a split that cannot be read: skips them while they are few, and stops if they are many. In training another image
/// takes the place, chosen by (seed, epoch, image) alone: the same run has the same bits with any number of threads, and after it is
/// resumed. Safe to use from several threads.
/// </summary>
public sealed class BadImages
{
    /// <summary>Largest share of a split's images that may be bad before a run that skips them stops.</summary>
    public const double LargestShare = 0.01;

    private const ulong StandInStream = 0xBAD;

    /// <summary>With at most 1 % of bad images, this many in a row do not occur.</summary>
    private const int MostStandIns = 64;

    private readonly ImageSplit _split;
    private readonly string _part;
    private readonly BadImageLog _log;
    private readonly ConcurrentDictionary<int, bool> _bad = [];

    /// <param name="split">The images.</param>
    /// <param name="part">Purpose of the images: "train" or "validation".</param>
    /// <param name="log">The run's log.</param>
    public BadImages(ImageSplit split, string part, BadImageLog log)
    {
        _split = split;
        _part = part;
        _log = log;
        log.Attach(this);
    }

    /// <summary>Purpose of the images.</summary>
    internal string Part => _part;

    /// <summary>The run's log.</summary>
    internal BadImageLog Log => _log;

    /// <summary>
    /// Calls <paramref name="write"/> with <paramref name="image"/>, or with a substitute, until it does not throw a
    /// <see cref="GpuCnnException"/>. Returns the image that was written, or -1 to skip it.
    /// </summary>
    /// <param name="image">Index within the split.</param>
    /// <param name="seed">The run's seed; null in evaluation, which has no substitutes.</param>
    /// <param name="epoch">The run's epoch.</param>
    /// <param name="state">Passed to <paramref name="write"/>, so that it need not capture.</param>
    /// <param name="write">Reads an image and writes it to its place, overwriting what an earlier call left there.</param>
    /// <exception cref="GpuCnnException">The image is bad and the run does not skip it, or too many are.</exception>
    public int Write<TState>(int image, ulong? seed, long epoch, TState state, Action<TState, int> write)
    {
        for (int attempt = 0; attempt <= MostStandIns; attempt++)
        {
            int shown = attempt == 0 ? image : StandIn(seed!.Value, epoch, image, attempt);
            if (!_bad.ContainsKey(shown))
            {
                try
                {
                    write(state, shown);
                    return shown;
                }
                catch (GpuCnnException e)
                {
                    Add(shown, e);
                }
            }
            if (seed is null) return -1;
        }
        throw new TooManyBadImagesException($"{_split.Name(image)}: expected one of {MostStandIns} other images to take its place, " +
            "but got none that can be read; check the data.");
    }

    /// <summary>Records an image that cannot be read.</summary>
    /// <exception cref="GpuCnnException">The run does not skip it, or has too many.</exception>
    public void Add(int image, GpuCnnException reason)
    {
        if (_bad.TryAdd(image, true)) _log.Add(new BadImage(_part, _split.Name(image), reason.Message), image);
        if (_log.Policy == BadImagePolicy.Fail) throw new GpuCnnException(reason.Message, reason);
        Check(_bad.Count, reason.Message, reason);
    }

    /// <summary>Takes in an image that another rank could not read: it counts, and is not read here.</summary>
    internal void Learn(int image) => _bad.TryAdd(image, true);

    /// <exception cref="TooManyBadImagesException">A run does not skip as many as <paramref name="count"/>.</exception>
    internal void Check(int count, string last, Exception? inner = null)
    {
        if (count <= LargestShare * _split.Count) return;
        string named = _log.Path is { } path ? $" ({DataFile.Quote(path)} names them)" : "";
        string message = $"{count:N0} of the {_split.Count:N0} {_part} images cannot be read{named}, more than the " +
            $"{LargestShare * 100:0.#} % that a run skips; repair or remove them. The last one: {last}";
        throw inner is null ? new TooManyBadImagesException(message) : new TooManyBadImagesException(message, inner);
    }

    private int StandIn(ulong seed, long epoch, int image, int attempt)
    {
        RandomStream random = new(seed, StandInStream + (ulong)image, (ulong)epoch);
        int shown = image;
        for (int i = 0; i < attempt; i++) shown = random.NextInt(_split.Count);
        return shown;
    }
}
