using NUnit.Framework;

namespace GpuCnn.Tests;

/// <summary>
/// Names of test cases by which filters can select them. A filter becomes XML, which has no control characters and no halves of characters;
/// NUnit leaves out, and counts nowhere, what it cannot find again.
/// </summary>
internal static class TestNames
{
    /// <summary>Returns the case of a text, with a name of printable characters.</summary>
    public static TestCaseData CaseOf(string text) => new TestCaseData(text).SetArgDisplayNames(Printable(text));

    public static string Printable(string text) =>
        string.Concat(text.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? $"<{(int)c:x}>" : $"{c}"));
}
