using System.Buffers.Binary;
using GpuCnn.Data;
using GpuCnn.Data.Formats;

namespace GpuCnn.Tests.Data;

/// <summary>Damages files. Each damaged file is a function of its number alone.</summary>
internal static class Mutation
{
    private const int HeadBytes = 700;

    /// <summary>Applies to a seed one to four changes of the kinds that break readers.</summary>
    public static byte[] Of(IReadOnlyList<OddFile> seeds, int number, out string name)
    {
        RandomStream random = new(0xF022, 1, (ulong)number);
        OddFile seed = seeds[number % seeds.Count];
        List<byte> bytes = [.. seed.Content];
        for (int changes = 1 + random.NextInt(4); changes > 0; changes--) Change(bytes, seeds, ref random);
        byte[] file = [.. bytes];
        // Repaired checksums let the damage reach the inner parts.
        if (file.AsSpan().StartsWith(PngReader.Signature) && random.NextInt(3) > 0) RepairChecksums(file);
        // With a restored end marker, a cut JPEG is decoded instead of refused.
        if (file is [0xFF, 0xD8, ..] && random.NextInt(3) > 0) file = [.. file, 0xFF, 0xD9];
        name = $"{number}-{seed.Name}";
        return file;
    }

    private static void Change(List<byte> bytes, IReadOnlyList<OddFile> seeds, ref RandomStream random)
    {
        if (bytes.Count < 8)
        {
            bytes.AddRange(Noise(1 + random.NextInt(20), ref random));
            return;
        }
        int head = Math.Min(bytes.Count, HeadBytes), at = random.NextInt(bytes.Count), early = random.NextInt(head);
        switch (random.NextInt(10))
        {
            case 0:
                for (int k = random.NextInt(20); k >= 0; k--) bytes[random.NextInt(bytes.Count)] ^= (byte)(1 << random.NextInt(8));
                break;
            case 1:
                for (int k = random.NextInt(6); k >= 0; k--) bytes[random.NextInt(head)] = (byte)random.NextInt(256);
                break;
            case 2:
                for (int k = random.NextInt(4); k >= 0; k--) bytes[random.NextInt(head)] = (byte)(random.NextInt(2) * 255);
                break;
            case 3:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 4:
                bytes.RemoveRange(at, Math.Min(1 + random.NextInt(40), bytes.Count - at));
                break;
            case 5:
                bytes.InsertRange(at, Noise(1 + random.NextInt(40), ref random));
                break;
            case 6:
                bytes.InsertRange(random.NextInt(bytes.Count), bytes.GetRange(at, Math.Min(1 + random.NextInt(300), bytes.Count - at)));
                break;
            case 7:
                byte[] other = seeds[random.NextInt(seeds.Count)].Content;
                bytes.RemoveRange(at, bytes.Count - at);
                if (other.Length > 0) bytes.AddRange(other.AsSpan(random.NextInt(other.Length)));
                break;
            case 8:
                // A field after a JPEG marker.
                int marker = bytes.FindIndex(early, b => b == 0xFF);
                if (marker >= 0) bytes[Math.Min(bytes.Count - 1, marker + 1 + random.NextInt(11))] = (byte)random.NextInt(256);
                break;
            default:
                uint value = random.NextInt(4) switch { 0 => uint.MaxValue, 1 => int.MaxValue, 2 => 0, _ => (uint)random.NextInt(70_000) };
                bool isBig = random.NextBool();
                for (int k = 0; k < 4 && early + k < bytes.Count; k++) bytes[early + k] = (byte)(value >> (8 * (isBig ? 3 - k : k)));
                break;
        }
    }

    private static byte[] Noise(int count, ref RandomStream random)
    {
        byte[] noise = new byte[count];
        for (int i = 0; i < count; i++) noise[i] = (byte)random.NextInt(256);
        return noise;
    }

    private static void RepairChecksums(byte[] file)
    {
        for (long at = 8; at + 12 <= file.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan((int)at));
            if (length > file.Length - at - 12) return;
            uint checksum = Crc32.Compute(file.AsSpan((int)at + 4, 4 + (int)length));
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan((int)(at + 8 + length)), checksum);
            at += 12 + length;
        }
    }
}
