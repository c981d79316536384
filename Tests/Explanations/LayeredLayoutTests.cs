using GpuCnn.Explanations;
using NUnit.Framework;

namespace GpuCnn.Tests.Explanations;

public sealed class LayeredLayoutTests
{
    /// <summary>Of random graphs, boxes lie apart, edges lead down from box to box, and pass no other box.</summary>
    [Test]
    public void BoxesLieApartAndEdgesLeadDown()
    {
        var random = new Random(5);
        for (int instance = 0; instance < 40; instance++)
        {
            int count = random.Next(2, 40);
            (double Width, double Height)[] boxes =
                [.. Enumerable.Range(0, count).Select(_ => (20.0 + random.Next(100), 10.0 + random.Next(40)))];
            (int From, int To)[] edges = [.. Enumerable.Range(1, count - 1)
                .SelectMany(to => Enumerable.Range(0, random.Next(1, 4)).Select(_ => (random.Next(to), to))).Distinct()];
            var layout = new LayeredLayout(boxes, edges, new HashSet<int> { 0 });
            (double Left, double Top, double Right, double Bottom)[] places = [.. boxes.Select((box, i) =>
            {
                (double x, double y) = layout.CentreOf(i);
                return (x - box.Width / 2, y - box.Height / 2, x + box.Width / 2, y + box.Height / 2);
            })];
            for (int i = 0; i < count; i++)
                for (int j = 0; j < i; j++)
                    Assert.That(places[i].Left >= places[j].Right || places[j].Left >= places[i].Right || places[i].Top >= places[j].Bottom
                        || places[j].Top >= places[i].Bottom, $"{i} and {j} of instance {instance}");
            for (int edge = 0; edge < edges.Length; edge++)
            {
                IReadOnlyList<(double X, double Y)> route = layout.RouteOf(edge);
                Assert.That(route[0], Is.EqualTo((layout.CentreOf(edges[edge].From).X, places[edges[edge].From].Bottom)));
                Assert.That(route[^1], Is.EqualTo((layout.CentreOf(edges[edge].To).X, places[edges[edge].To].Top)));
                for (int i = 1; i < route.Count; i++) Assert.That(route[i].Y, Is.GreaterThan(route[i - 1].Y));
                foreach ((double x, double y) in route.Skip(1).SkipLast(1))
                    Assert.That(places.Any(place => x > place.Left && x < place.Right && y > place.Top && y < place.Bottom), Is.False);
            }
        }
    }

    [Test]
    public void ChainIsStraight()
    {
        var layout = new LayeredLayout([(10, 10), (50, 10), (20, 10), (80, 10)], [(0, 1), (1, 2), (2, 3)], new HashSet<int> { 0, 1, 2, 3 });
        Assert.That(Enumerable.Range(0, 4).Select(box => layout.CentreOf(box).X), Is.All.EqualTo(0).Within(1e-9));
    }

    [Test]
    public void TwoBranchesDoNotCross()
    {
        // 0 leads to 1 and 2, these to 4 and 3, and both to 5.
        var layout = new LayeredLayout([.. Enumerable.Repeat((30.0, 10.0), 6)], [(0, 1), (0, 2), (1, 4), (2, 3), (3, 5), (4, 5)],
            new HashSet<int> { 0, 5 });
        Assert.That(layout.CentreOf(1).X < layout.CentreOf(2).X, Is.EqualTo(layout.CentreOf(4).X < layout.CentreOf(3).X));
        Assert.That(layout.CentreOf(5).X, Is.EqualTo(0).Within(1));
    }
}
