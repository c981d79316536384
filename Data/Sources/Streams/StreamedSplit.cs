using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// Images in blocks that are read front to back. Images that are skipped on the way to another are kept until they are asked for, up to a
/// limit. Reading is therefore fast in the orders that this split gives (<see cref="ImageSplit.Shuffle"/>) and in file order, and correct
/// in any.
/// </summary>
internal sealed class StreamedSplit : ImageSplit
{
    /// <summary>Bytes of images to keep, unless the blocks that are loaded whole are larger.</summary>
    private const long KeptBytes = 512L << 20;

    private const int LargestBuffer = 2000, MostSideBySide = 4, MostOpen = 32;

    private const ulong OrderStream = (1UL << 63) + 1;

    private readonly Cursor[] _cursors;
    private readonly int[] _first;
    private readonly int _sideBySide, _buffer;
    private readonly long _limit;

    /// <summary>Guards the kept images: pieces by image, the oldest first in the list.</summary>
    private readonly Lock _gate = new();
    private readonly Dictionary<int, (StreamPiece Piece, LinkedListNode<int> Node)> _kept = [];
    private readonly LinkedList<int> _oldest = [];
    private readonly LinkedList<Cursor> _open = [];
    private long _keptBytes;

    public StreamedSplit(string description, IReadOnlyList<string> classes, IReadOnlyList<int> labels, IReadOnlyList<StreamBlock> blocks)
        : base(description, classes, labels)
    {
        if (blocks.Sum(block => block.Count) != labels.Count)
            throw new ArgumentException(
                $"Expected a label for each of the {blocks.Sum(block => block.Count)} images, but got {labels.Count}.", nameof(blocks));
        _first = new int[blocks.Count];
        for (int b = 1; b < blocks.Count; b++) _first[b] = _first[b - 1] + blocks[b - 1].Count;
        _cursors = [.. blocks.Select((block, b) => new Cursor(this, block, _first[b]))];
        long whole = blocks.Where(block => block.IsReadWhole).Select(block => block.Bytes).DefaultIfEmpty(0).Max();
        long average = Math.Max(1, blocks.Sum(block => block.Bytes) / Math.Max(1, labels.Count));
        _sideBySide = (int)Math.Clamp(KeptBytes / 2 / Math.Max(1, whole), 1, MostSideBySide);
        _buffer = (int)Math.Clamp(KeptBytes / 4 / average, 1, LargestBuffer);
        _limit = KeptBytes + 2 * whole;
    }

    public override bool IsInMemory => false;

    internal override bool IsStreamed => true;

    public override string Name(int index)
    {
        Cursor cursor = CursorOf(index);
        return cursor.Block.Name(index - cursor.First);
    }

    public override ImageHeader Open(int index, PictureDecoder decoder)
    {
        StreamPiece piece = CursorOf(index).Take(index);
        try
        {
            return decoder.Open(piece.Span, Name(index));
        }
        finally
        {
            piece.Return();
        }
    }

    internal override ImageStamp? Stamp(int index)
    {
        Cursor cursor = CursorOf(index);
        return cursor.Block.Stamp.ForImage(index - cursor.First);
    }

    internal override ulong ContentHash(int index)
    {
        StreamPiece piece = CursorOf(index).Take(index);
        try
        {
            return ImageContent.Hash(piece.Span);
        }
        finally
        {
            piece.Return();
        }
    }

    /// <summary>Takes the first few images of evenly spaced blocks.</summary>
    internal override int Sample(int place, int count)
    {
        if (count == Count) return place;
        int block = (int)((long)place * _first.Length / count);
        int within = place - (int)(((long)block * count + _first.Length - 1) / _first.Length);
        int images = (block + 1 < _first.Length ? _first[block + 1] : Count) - _first[block];
        // A block with too few images gives some of them twice; an empty block gives the image after it.
        return Math.Min(_first[block] + (images == 0 ? 0 : within % images), Count - 1);
    }

    internal override void Shuffle(Span<int> order, ulong seed, long epoch) =>
        StreamOrder.Fill(order, _first, _sideBySide, _buffer, new RandomStream(seed, OrderStream, (ulong)epoch));

    private Cursor CursorOf(int index)
    {
        int block = Array.BinarySearch(_first, index);
        if (block < 0) return _cursors[~block - 1];
        // Among blocks that begin at the same image, all but the last are empty.
        while (block + 1 < _first.Length && _first[block + 1] == index) block++;
        return _cursors[block];
    }

    private bool TryTakeKept(int index, out StreamPiece piece)
    {
        lock (_gate)
        {
            bool isKept = _kept.Remove(index, out (StreamPiece Piece, LinkedListNode<int> Node) kept);
            piece = kept.Piece;
            if (!isKept) return false;
            _oldest.Remove(kept.Node);
            _keptBytes -= piece.Length;
            return true;
        }
    }

    private void Keep(int index, StreamPiece piece)
    {
        lock (_gate)
        {
            if (_kept.ContainsKey(index))
            {
                piece.Return();
                return;
            }
            _kept.Add(index, (piece, _oldest.AddLast(index)));
            _keptBytes += piece.Length;
            while (_keptBytes > _limit && _oldest.First is { } node && node.Value != index)
            {
                _kept.Remove(node.Value, out (StreamPiece Piece, LinkedListNode<int> Node) old);
                _oldest.Remove(node);
                _keptBytes -= old.Piece.Length;
                old.Piece.Return();
            }
        }
    }

    /// <summary>Closes the block opened longest ago, so that few files are in use.</summary>
    private void Opened(Cursor cursor)
    {
        Cursor? oldest = null;
        lock (_gate)
        {
            _open.AddLast(cursor);
            if (_open.Count > MostOpen)
            {
                oldest = _open.First!.Value;
                _open.RemoveFirst();
            }
        }
        if (oldest != cursor) oldest?.TryClose();
    }

    private void Closed(Cursor cursor)
    {
        lock (_gate) _open.Remove(cursor);
    }

    /// <summary>The position of reading in a block.</summary>
    private sealed class Cursor(StreamedSplit split, StreamBlock block, int first)
    {
        private readonly Lock _gate = new();
        private IEnumerator<StreamPiece>? _reader;
        private int _next;

        public StreamBlock Block => block;

        public int First => first;

        public StreamPiece Take(int index)
        {
            if (split.TryTakeKept(index, out StreamPiece kept)) return kept;
            lock (_gate)
            {
                // Another thread may have skipped over it meanwhile.
                if (split.TryTakeKept(index, out kept)) return kept;
                if (_reader is null || _next > index - first)
                {
                    Close();
                    _reader = block.Read();
                    split.Opened(this);
                }
                try
                {
                    while (_reader.MoveNext())
                    {
                        int at = _next++;
                        if (at != index - first)
                        {
                            split.Keep(first + at, _reader.Current);
                            continue;
                        }
                        StreamPiece piece = _reader.Current;
                        if (_next == block.Count) Close();
                        return piece;
                    }
                }
                catch
                {
                    Close();
                    throw;
                }
                Close();
                throw new GpuCnnException($"Image {DataFile.Quote(block.Name(index - first))}: expected it in its file as before, but it " +
                    $"has vanished since; restore the file.");
            }
        }

        public void TryClose()
        {
            if (!_gate.TryEnter()) return;
            try
            {
                Close();
            }
            finally
            {
                _gate.Exit();
            }
        }

        private void Close()
        {
            if (_reader is not null) split.Closed(this);
            _reader?.Dispose();
            _reader = null;
            _next = 0;
        }
    }
}
