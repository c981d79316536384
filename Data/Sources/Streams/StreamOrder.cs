namespace GpuCnn.Data;

/// <summary>
/// Training orders of images in blocks that are read front to back. The blocks are shuffled and a few are read side by side; their images
/// pass through a buffer, from which a random image leaves for each that enters (as in WebDataset). A function of its arguments.
/// </summary>
internal static class StreamOrder
{
    /// <param name="order">[images]: receives the indices of all images; block b's begin at first[b].</param>
    /// <param name="first">[blocks] index of each block's first image, ascending.</param>
    /// <param name="sideBySide">Number of blocks that are read at a time.</param>
    /// <param name="buffer">Number of images in the buffer.</param>
    /// <param name="random">The epoch's random numbers.</param>
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
