namespace GpuCnn.Data;

/// <summary>
/// Draws each class equally often, to within one draw in an epoch and over all epochs, as PyTorch's WeightedRandomSampler does on average
/// with weights of 1 / (images of the class). An epoch has as many draws as the split has images. The draws of a class go through its
/// images in an order that is new each time all of them were drawn: an image comes again only after all others of its class. Classes
/// without images are left out. A function of the seed and the epoch.
/// </summary>
internal sealed class BalancedOrder : ImageOrder
{
    private const ulong ClassStream = (1UL << 63) + (1UL << 32), EpochStream = (1UL << 63) + 2;

    private readonly int _batch;
    private readonly ulong _seed;
    private readonly int[] _order, _places;
    private readonly long[] _rounds;
    private readonly ClassDraws[] _classes;
    private long _orderedEpoch = -1;

    public BalancedOrder(ImageSplit split, int batch, ulong seed)
    {
        _batch = batch;
        _seed = seed;
        _order = new int[split.Count];
        _places = new int[split.Count];
        _rounds = new long[split.Count];
        _classes =
        [
            .. Enumerable.Range(0, split.Count).GroupBy(image => split.Labels[image]).OrderBy(group => group.Key)
                .Select(group => new ClassDraws([.. group], seed, ClassStream + (ulong)group.Key)),
        ];
    }

    public override ulong? Seed => _seed;

    public override int Images(long step, Span<int> images, Span<long> rounds)
    {
        long stepsPerEpoch = _order.Length / _batch, epoch = step / stepsPerEpoch;
        if (epoch != _orderedEpoch) Draw(epoch);
        int first = (int)(step % stepsPerEpoch) * _batch;
        _order.AsSpan(first, _batch).CopyTo(images);
        _rounds.AsSpan(first, _batch).CopyTo(rounds);
        return _batch;
    }

    /// <summary>Of all draws since the first epoch, each goes to the next class in turn; those of an epoch are then shuffled.</summary>
    private void Draw(long epoch)
    {
        for (int i = 0; i < _places.Length; i++) _places[i] = i;
        new RandomStream(_seed, EpochStream, (ulong)epoch).Shuffle(_places);
        for (int i = 0; i < _order.Length; i++)
        {
            (long turn, long label) = Math.DivRem(epoch * _order.Length + i, _classes.Length);
            _order[_places[i]] = _classes[label].Image(turn, out _rounds[_places[i]]);
        }
        _orderedEpoch = epoch;
    }

    /// <summary>The draws of a class.</summary>
    private sealed class ClassDraws(int[] images, ulong seed, ulong stream)
    {
        private readonly int[] _shuffled = new int[images.Length];
        private long _round = -1;

        /// <summary>Returns the image of a draw, and how often it was drawn before.</summary>
        public int Image(long draw, out long round)
        {
            (round, long place) = Math.DivRem(draw, images.Length);
            if (round != _round)
            {
                images.CopyTo(_shuffled, 0);
                new RandomStream(seed, stream, (ulong)round).Shuffle(_shuffled);
                _round = round;
            }
            return _shuffled[place];
        }
    }
}
