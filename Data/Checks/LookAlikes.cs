namespace GpuCnn.Data;

/// <summary>Finds pictures that look alike among many, without comparing every pair.</summary>
internal static class LookAlikes
{
    /// <summary>Hashes that differ in at most 4 bits are equal in at least one of 5 parts.</summary>
    private const int Parts = PerceptualHash.LargestDistance + 1;

    /// <summary>If more pictures than this share a part, each is compared with this many of its neighbors.</summary>
    private const int LargestBucket = 300;

    /// <summary>Stops at this number of pairs: nobody reads a longer list.</summary>
    private const int MostPairs = 1_000_000;

    /// <summary>
    /// Groups of places, ascending: a first picture, and those after it that look like it and like no earlier first. Likeness is not
    /// transitive: in a series of pictures between two different ones, each may look like the next.
    /// </summary>
    /// <param name="count">Number of pictures.</param>
    /// <param name="isShown">Whether to examine a picture.</param>
    /// <param name="hash">A picture's hash.</param>
    /// <param name="small">[count, 81]: the pictures at 9x9.</param>
    public static IReadOnlyList<IReadOnlyList<int>> Find(int count, Func<int, bool> isShown, Func<int, UInt128> hash, byte[] small)
    {
        int[] shown = [.. Enumerable.Range(0, count).Where(isShown)];
        HashSet<(int, int)> pairs = [];
        for (int part = 0; part < Parts; part++)
        {
            int first = part * PerceptualHash.Bits / Parts, bits = (part + 1) * PerceptualHash.Bits / Parts - first;
            UInt128 mask = ((UInt128)1 << bits) - 1;
            int[] order = [.. shown];
            UInt128[] keys = [.. shown.Select(i => hash(i) >> first & mask)];
            Array.Sort(keys, order);
            for (int begin = 0, end; begin < order.Length; begin = end)
            {
                for (end = begin + 1; end < order.Length && keys[end] == keys[begin]; end++) { }
                Compare(order.AsSpan(begin, end - begin));
            }
        }
        Dictionary<int, List<int>> groups = [];
        HashSet<int> followers = [];
        foreach ((int a, int b) in pairs.Order())
        {
            if (followers.Contains(a) || followers.Contains(b) || groups.ContainsKey(b)) continue;
            if (!groups.TryGetValue(a, out List<int>? group)) groups[a] = group = [a];
            group.Add(b);
            followers.Add(b);
        }
        return [.. groups.OrderBy(group => group.Key).Select(group => group.Value)];

        void Compare(Span<int> bucket)
        {
            bucket.Sort((a, b) => hash(a).CompareTo(hash(b)) is var order and not 0 ? order : a.CompareTo(b));
            for (int i = 0; i < bucket.Length; i++)
            {
                for (int j = i + 1; j < Math.Min(bucket.Length, i + LargestBucket); j++)
                {
                    (int a, int b) = (Math.Min(bucket[i], bucket[j]), Math.Max(bucket[i], bucket[j]));
                    if (pairs.Count < MostPairs && PerceptualHash.Distance(hash(a), hash(b)) <= PerceptualHash.LargestDistance
                        && PerceptualHash.LookAlike(Small(a), Small(b)))
                        pairs.Add((a, b));
                }
            }
        }

        ReadOnlySpan<byte> Small(int i) => small.AsSpan(i * PerceptualHash.Pixels, PerceptualHash.Pixels);
    }
}
