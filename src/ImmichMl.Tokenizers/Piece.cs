namespace ImmichMl.Tokenizers;

/// <summary>A part of the text on its way to the model; Metaspace's "first" wants to know whether it is where the text begins.</summary>
readonly record struct Piece(string Text, bool IsFirst);

/// <summary>A step that cuts a piece into smaller ones.</summary>
delegate IEnumerable<Piece> PreTokenizer(Piece piece, TextBudget budget);

/// <summary>A text as a model is to see it.</summary>
delegate string Normalizer(string text, TextBudget budget);
