namespace GpuCnn.Data;

/// <summary>
/// Training orders of images that lie in blocks which are read front to back: the blocks are shuffled, a few are read side by side, and
/// what
/// they give goes through a buffer from which a random image leaves for each that enters (as in WebDataset). A function of its arguments.
/// </summary>
internal static class StreamOrder
{
    /// <param name="order">[images]: receives the indices of all images, those of block b being blocks[b] and on.</param>
    /// <param name="first">[blocks] index of each block's first image, ascending.</param>
    /// <param name="sideBySide">Blocks that are read at a time.</param>
    /// <param name="buffer">Images that wait.</param>
    /// <param name="random">Of the epoch.</param>
    public static void Fill(Span<int> order, ReadOnlySpan<int> first, int sideBySide, int buffer, RandomStream random)
    {
        int[] blocks = new int[first.Length];
        for (int b = 0; b < blocks.Length; b++) blocks[b] = b;
        random.Shuffle(blocks);
        List<(int Next, int End)> open = [];
        int opened = 0, written = 0, waiting = 0;
        int[] waits = new int[Math.Min(buffer, order.Length)];
        while (true)
        {
            while (open.Count < sideBySide && opened < blocks.Length)
            {
                int block = blocks[opened++], end = block + 1 < first.Length ? first[block + 1] : order.Length;
                if (first[block] < end) open.Add((first[block], end));
            }
            if (open.Count == 0) break;
            int chosen = random.NextInt(open.Count);
            (int image, int blockEnd) = open[chosen];
            if (image + 1 < blockEnd) open[chosen] = (image + 1, blockEnd);
            else open.RemoveAt(chosen);
            if (waiting < waits.Length)
            {
                waits[waiting++] = image;
                continue;
            }
            int leaves = random.NextInt(waiting);
            order[written++] = waits[leaves];
            waits[leaves] = image;
        }
        random.Shuffle(waits);
        waits.CopyTo(order[written..]);
    }
}
