namespace GpuCnn.Engine;

/// <summary>Finds names that a misspelt one may mean.</summary>
public static class NearNames
{
    private const int MostSuggested = 5;

    /// <summary>
    /// Returns the candidates that begin with <paramref name="name"/> or differ from it in a few letters, nearest first. Ignores case.
    /// </summary>
    public static IReadOnlyList<string> Of(string name, IEnumerable<string> candidates)
    {
        string lower = name.ToLowerInvariant();
        // A third of the letters may differ. With more, a short name would be near to every other.
        int most = (name.Length + 2) / 3;
        return
        [
            .. candidates.Select(candidate => (Name: candidate, Distance: Distance(candidate.ToLowerInvariant(), lower)))
                .Where(candidate => candidate.Distance <= most
                    || (name.Length > 0 && candidate.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase)))
                .OrderBy(candidate => candidate.Distance).Take(MostSuggested).Select(candidate => candidate.Name),
        ];
    }

    /// <summary>Levenshtein distance: insertions, deletions and substitutions between two words.</summary>
    public static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}
