using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Training;

namespace GpuCnn.Data;

/// <summary>
/// Blends each image of a training batch with the one before it, and lets the labels of both share the target, as torchvision's references
/// do: mixup
/// (https://arxiv.org/abs/1710.09412) adds the values, cutmix (https://arxiv.org/abs/1905.04899) puts a rectangle of one on the other. The
/// share is drawn from a beta distribution once for a batch. A function of the seed, the step and the rank alone: each rank blends the
/// images of its own batch, by draws of its own. Safe to use from several threads.
/// </summary>
public sealed class BatchMixing
{
    private const ulong MixingStream = 3UL << 62;

    private readonly double _mixup, _cutmix;
    private readonly int _rank;

    /// <param name="mixup">Both parameters of the beta distribution of mixup; 0 leaves mixup out.</param>
    /// <param name="cutmix">The same of cutmix. Of both, one is drawn for each batch.</param>
    /// <exception cref="GpuCnnException">They are out of range, or both are 0.</exception>
    public BatchMixing(double mixup, double cutmix)
    {
        _ = new TrainingSettings { Mixup = (float)mixup, CutMix = (float)cutmix };
        if (mixup == 0 && cutmix == 0) throw new GpuCnnException(
            "Mixing expects an alpha above 0 of mixup or of cutmix, but got 0 of both.");
        _mixup = mixup;
        _cutmix = cutmix;
    }

    private BatchMixing(BatchMixing other, int rank) => (_mixup, _cutmix, _rank) = (other._mixup, other._cutmix, rank);

    /// <summary>Returns the mixing of a rank's batches. That of rank 0 is also that of a run without ranks.</summary>
    public BatchMixing ForRank(int rank) => rank == _rank ? this : new(this, rank);

    /// <summary>What a run's settings ask for, or null.</summary>
    public static BatchMixing? Of(TrainingSettings settings) =>
        settings.MixesImages ? new BatchMixing(settings.Mixup, settings.CutMix) : null;

    /// <summary>Mixes the images of a full batch, and writes their other labels and shares.</summary>
    /// <param name="batch">Of <see cref="Batch.Count"/> images.</param>
    /// <param name="spare">[H · W · C]</param>
    public void Apply(Batch batch, ulong seed, long step, Span<float> spare)
    {
        RandomStream random = new(seed, MixingStream + (ulong)_rank, (ulong)step);
        bool cuts = _cutmix > 0 && (_mixup == 0 || random.NextBool());
        float share = (float)random.NextBeta(cuts ? _cutmix : _mixup);
        Window box = cuts ? DrawBox(ref random, batch.Shape.Width, batch.Shape.Height, share) : default;
        if (cuts) share = (float)(1 - (double)(box.Width * box.Height) / batch.Shape.Area);
        int last = batch.Count - 1;
        int lastLabel = batch.Labels[last];
        batch.Image(last).CopyTo(spare);
        // From the last one on, so that the one before is still as it was.
        for (int i = last; i >= 0; i--)
        {
            ReadOnlySpan<float> other = i > 0 ? batch.Image(i - 1) : spare;
            batch.Others[i] = i > 0 ? batch.Labels[i - 1] : lastLabel;
            batch.Shares[i] = share;
            if (cuts) Paste(batch.Image(i), other, box, batch.Shape.Channels, batch.Shape.Width);
            else Blend(batch.Image(i), other, share);
        }
    }

    /// <summary>A box of (1 - share) of the area around a point that lies anywhere, cut off at the border.</summary>
    internal static Window DrawBox(ref RandomStream random, int width, int height, double share)
    {
        int x = random.NextInt(width), y = random.NextInt(height);
        double half = 0.5 * Math.Sqrt(1 - share);
        int halfWidth = (int)(half * width), halfHeight = (int)(half * height);
        int left = Math.Max(0, x - halfWidth), top = Math.Max(0, y - halfHeight);
        return new Window(left, top, Math.Min(width, x + halfWidth) - left, Math.Min(height, y + halfHeight) - top);
    }

    private static void Blend(Span<float> image, ReadOnlySpan<float> other, float share)
    {
        float rest = 1 - share;
        for (int i = 0; i < image.Length; i++) image[i] = image[i] * share + other[i] * rest;
    }

    private static void Paste(Span<float> image, ReadOnlySpan<float> other, Window box, int channels, int width)
    {
        if (box.Width == 0) return;
        for (int y = box.Y; y < box.Bottom; y++)
        {
            int first = (y * width + box.X) * channels, count = box.Width * channels;
            other.Slice(first, count).CopyTo(image.Slice(first, count));
        }
    }
}
